module "a" {
  source = "terraform-aws-modules/vpc/aws"
}
module "b" {
  source = "git::https://example.org/net.git"
}
module "c" {
  source = "git::https://example.org/net.git?ref=main"
}
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
