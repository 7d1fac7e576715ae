module "a" {
  source = "./modules/a"
}
module "b" {
  source = "git::https://example.org/net.git?ref=v1.2.3"
}
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.76.0"
    }
  }
}
