resource "aws_instance" "web" {
  ami       = "ami-0123456789abcdef0"
  user_data = <<-EOF
    #!/bin/bash
    apt-get update
    apt-get install -y nginx
    git clone https://example.org/app.git /srv/app
  EOF
}
resource "aws_launch_template" "web" {
  user_data = base64encode(templatefile("${path.module}/boot.sh", { name = "web" }))
}
resource "google_compute_instance" "web" {
  metadata_startup_script = "curl -fsSL https://example.org/install.sh | bash"
}
resource "azurerm_linux_virtual_machine" "web" {
  custom_data = base64encode("#cloud-config\npackages: [nginx]\nruncmd:\n  - [pip, install, flask]\n")
}
data "cloudinit_config" "web" {
  part {
    content = "#!/bin/sh\nyum -y install httpd\n"
  }
}
