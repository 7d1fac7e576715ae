resource "aws_security_group" "web" {
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_launch_template" "web" {
  key_name = "ops"
  lifecycle { create_before_destroy = true }
}
resource "google_compute_firewall" "web" {
  allow {
    protocol = "tcp"
    ports    = ["20-30"]
  }
}
