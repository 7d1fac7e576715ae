resource "aws_instance" "web" {
  ami = "ami-0123456789abcdef0"
}
resource "aws_autoscaling_group" "web" {
  min_size = 1
}
