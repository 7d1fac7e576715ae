variable "tag" {}
resource "kubernetes_pod_v1" "a" {
  spec {
    container {
      image = "web:${var.tag}"
    }
  }
}
