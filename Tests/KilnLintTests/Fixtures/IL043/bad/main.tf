data "aws_ami" "base" {
  most_recent = true
  owners      = ["self"]
}
data "aws_ssm_parameter" "base" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}
resource "google_compute_instance_template" "web" {
  disk {
    source_image = "debian-cloud/debian-12"
  }
  lifecycle { create_before_destroy = true }
}
