resource "aws_instance" "web" {
  root_block_device {
    delete_on_termination = false
  }
  lifecycle { create_before_destroy = true }
}
