#!/bin/sh
# package.sh BUILD WORK: the Debian package, made of the build folder BUILD, installed in a Debian 12 with nothing else (made by debootstrap in
# WORK, as root): it builds a model, and hosts of it by pkg-config and by CMake.
set -eu
build=$1
work=$2
source=$(cd "$(dirname "$0")/../.." && pwd)
mirror=http://deb.debian.org/debian
root=$work/debian
rm -rf "$work/package"
mkdir -p "$work/package"
(cd "$build" && cpack -B "$work/package" >"$work/package/log") || { cat "$work/package/log" >&2; exit 1; }
if [ ! -f "$work/made" ]; then
  rm -rf "$root"
  debootstrap --variant=minbase bookworm "$root" "$mirror"
  echo "deb $mirror-security bookworm-security main" >>"$root/etc/apt/sources.list"
  touch "$work/made"
fi
inside() {
  unshare --mount sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
}
rm -rf "$root/try"
mkdir "$root/try"
cp "$work"/package/heddle_*.deb "$root/try/heddle.deb"
cp -r "$source/examples/scripture" "$source/test/golden/gpt2" "$source/test/install/Inputs/host.c" "$source/test/install/Inputs/CMakeLists.txt" "$root/try"
inside apt-get -q update
inside apt-get -q install -y --reinstall --no-install-recommends /try/heddle.deb
inside heddle build /try/scripture -o /try/scripture-program
inside /try/scripture-program "And God said" -n 12 --temperature 0
inside apt-get -q install -y --no-install-recommends gcc make cmake pkgconf
inside sh -c 'cd /try && heddle build gpt2 --emit=lib --name=tiny --cpu=generic -o libtiny.a --header=tiny.h &&
  gcc -I. host.c libtiny.a $(pkg-config --cflags --libs heddle) -o host && ./host libtiny.a.weights >expected &&
  cmake -S . -B by-cmake -DCHECKPOINT=/try/gpt2 && cmake --build by-cmake && by-cmake/host | diff expected - && cat expected'
echo "the package builds a model and two hosts"
