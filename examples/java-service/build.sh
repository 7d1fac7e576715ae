#!/bin/sh
# Compiles the service to build/orders.jar, with the machine's JDK (17 or later; in Debian: openjdk-17-jdk-headless).
# The image gets a JRE and the jar, no compiler. The same JDK gives the same bytes: times in the jar are fixed.
set -eu
cd "$(dirname "$0")"
rm -rf build
mkdir -p build/classes
javac --release 17 -Xlint:all -Werror -d build/classes src/Orders.java
jar --create --file build/orders.jar --main-class Orders --date 1980-01-01T00:00:02Z -C build/classes .
rm -rf build/classes
