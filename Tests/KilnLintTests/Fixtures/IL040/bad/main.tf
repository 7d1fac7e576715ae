resource "aws_instance" "web" {
  ami = "ami-0123456789abcdef0"
  provisioner "remote-exec" {
    inline = ["apt-get install -y nginx"]
  }
  provisioner "file" {
    source      = "app.conf"
    destination = "/etc/app.conf"
  }
  provisioner "local-exec" {
    command = "ansible-playbook -i '${self.public_ip},' site.yml"
  }
}
resource "null_resource" "push" {
  provisioner "local-exec" {
    command = "rsync -a build/ deploy@web.example.org:/srv/web/"
  }
}
resource "terraform_data" "config" {
  provisioner "local-exec" {
    command = "scp app.conf web:/etc/app.conf && ssh web systemctl restart app"
  }
}
resource "aws_ssm_association" "patch" {
  name = "AWS-RunPatchBaseline"
}
