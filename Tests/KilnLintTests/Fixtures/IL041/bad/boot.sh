#!/bin/sh
dnf -y install httpd
