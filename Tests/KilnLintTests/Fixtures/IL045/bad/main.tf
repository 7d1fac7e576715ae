resource "aws_instance" "web" {
  ami = "ami-0123456789abcdef0"
  lifecycle {
    create_before_destroy = true
    ignore_changes        = [ami, user_data]
  }
}
resource "aws_instance" "all" {
  lifecycle {
    create_before_destroy = true
    ignore_changes        = all
  }
}
