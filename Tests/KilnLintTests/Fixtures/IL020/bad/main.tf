resource "aws_ecs_task_definition" "web" {
  family = "web"
  container_definitions = jsonencode([{ name = "web", image = "web:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }])
}
