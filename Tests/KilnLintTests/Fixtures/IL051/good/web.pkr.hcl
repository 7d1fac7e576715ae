source "amazon-ebs" "web" {
  source_ami = "ami-0123456789abcdef0"
  ami_name   = "web-1.4.2"
}

build {
  sources = ["source.amazon-ebs.web"]
  provisioner "shell" {
    inline = [
      "apt-get update && apt-get install -y nginx=1.22.1-9+deb12u1",
      "goss validate",
      "rm -f /etc/ssh/ssh_host_* /root/.ssh/authorized_keys /root/.bash_history",
      "truncate -s 0 /etc/machine-id",
      "cloud-init clean --logs",
      "find /var/log -type f -delete",
    ]
  }
  post-processor "manifest" {}
}
