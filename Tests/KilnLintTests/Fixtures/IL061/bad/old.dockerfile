# kiln-lint: ignore IL002 until=2020-01-01 reason="later"
FROM debian:12.8
USER 1
