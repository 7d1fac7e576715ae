resource "kubernetes_deployment" "web" {
  spec {
    template {
      spec {
        container {
          image = "nginx:latest"
        }
      }
    }
  }
}
