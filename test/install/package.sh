#!/bin/sh
# package.sh BUILD WORK: the Debian package, made of the build folder BUILD, installed in a Debian 12 with nothing else (made by debootstrap in
# WORK, as root): it builds a model, the hosts of examples/hosts by pkg-config, by CMake and in Python say the same, and the plugin of
# examples/plugin becomes a pass.
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
  unshare --mount sh -c 'mount -t proc proc "$0/proc" && mount -t devpts devpts "$0/dev/pts" && exec chroot "$0" "$@"' "$root" \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
}
rm -rf "$root/try"
mkdir "$root/try"
cp "$work"/package/heddle_*.deb "$root/try/heddle.deb"
cp -r "$source/examples/scripture" "$source/test/install/Inputs/complete.zsh" "$root/try"
inside apt-get -q update
inside apt-get -q install -y --reinstall --no-install-recommends /try/heddle.deb
inside heddle build /try/scripture -o /try/scripture-program
inside /try/scripture-program "And God said" -n 12 --temperature 0
inside apt-get -q install -y --no-install-recommends g++ make cmake pkgconf python3-numpy zsh fish
inside sh -c 'cd /try && hosts=/usr/share/doc/heddle/hosts &&
  heddle build scripture --emit=so --name=writer -o libwriter.so --header=writer.h &&
  gcc -I. $hosts/c/text.c libwriter.so -Wl,-rpath,/try $(pkg-config --cflags --libs heddle) -o text && ./text "And God said" >expected && cat expected &&
  cmake -S $hosts -B by-cmake -DWRITER=/try/scripture >log && cmake --build by-cmake >log &&
  by-cmake/text-c "And God said" | diff expected - && by-cmake/text-cpp "And God said" | diff expected - &&
  python3 $hosts/python/text.py libwriter.so "And God said" | diff expected -'
# A pass of one's own, with the packages that the page on plugins names.
inside apt-get -q install -y --no-install-recommends libmlir-22-dev llvm-22-dev
inside sh -c 'cd /try && cmake -S /usr/share/doc/heddle/plugin -B plugin >log && cmake --build plugin >log &&
  heddle build /usr/share/doc/heddle/plugin/mish.heddle --emit=nn | heddle-opt --load-pass-plugin=plugin/fuse-mish.so --nn-fuse-mish | grep nn.mish &&
  heddle build /usr/share/doc/heddle/plugin/mish.heddle --random-weights=1 --load-pass-plugin=plugin/fuse-mish.so \
    --passes-after=nn-raise-attention=nn-fuse-mish --remarks -o mish 2>&1 | grep "fused to mish" && ./mish --info'
# Completions, as the shells themselves find them.
inside fish -c "complete -C 'heddle ver'" | grep -q '^verify'
inside fish -c "complete -C 'heddle build --qu'" | grep -q '^--quant'
inside zsh -f /try/complete.zsh
echo "the package builds a model, hosts of it and a plugin"
