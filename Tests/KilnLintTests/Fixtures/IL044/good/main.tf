variable "image_id" {
  type = string
}

resource "aws_launch_template" "web" {
  image_id      = var.image_id
  instance_type = "t3.small"
  user_data = base64encode(<<-EOT
    #!/bin/sh
    hostnamectl set-hostname web
    systemctl start web
  EOT
  )
  lifecycle { create_before_destroy = true }
}

resource "aws_autoscaling_group" "web" {
  min_size = 2
  max_size = 4
  launch_template { id = aws_launch_template.web.id }
  instance_refresh { strategy = "Rolling" }
}

resource "aws_ecr_repository" "web" {
  name                 = "web"
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration { scan_on_push = true }
}

module "network" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.16.0"
}
