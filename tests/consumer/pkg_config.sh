# Compiles SOURCE with what pkg-config says and runs it: COMPILER PKG_CONFIG_PATH SOURCE PROGRAM
set -eu
export PKG_CONFIG_PATH="$2"
# shellcheck disable=SC2046  # flags are words
"$1" -std=c++20 "$3" $(pkg-config --cflags --libs autotune) -o "$4"
exec "$4"
