#!/bin/sh
# Tries the two commands of the README on a bare machine: a Debian of python3, python3-venv, git and make alone, in a folder.
#
#     sh tests/setup/bare.sh FOLDER [SUITE]
#
# Needs root, debootstrap, two gigabytes in FOLDER, and half an hour. SUITE is bookworm unless said otherwise. What was
# committed is tried. How this machine reaches its package registries (settings of pip and apt, certificates) is copied
# in. FOLDER/root stays for a look; the next run makes it anew.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mkdir -p "${1:?names a folder}" && cd "$1" && pwd)
suite=${2:-bookworm}
root=$folder/root
PACKAGES=python3,python3-venv,git,make
SECONDS_MAX=5400

[ "$(id -u)" = 0 ] || { echo "Only root can do this." >&2; exit 1; }

# Mounts and processes of the trial are gone when this ends, however it ends.
[ "${TESSERA_BARE:-}" ] || exec env TESSERA_BARE=1 unshare --mount --pid --fork --kill-child sh "$0" "$@"
! grep -qF " $root/" /proc/self/mounts || { echo "Something is mounted in $root." >&2; exit 1; }
rm -rf --one-file-system "$root"

debootstrap --variant=minbase --include="$PACKAGES" "$suite" "$root"
cp -L /etc/resolv.conf "$root/etc/"
for path in /etc/pip.conf /etc/ssl/certs/ca-certificates.crt "${PIP_FIND_LINKS:-/nowhere}" \
    $(grep -ls '^Acquire' /etc/apt/apt.conf /etc/apt/apt.conf.d/*); do
    [ ! -e "$path" ] || { mkdir -p "$root$(dirname "$path")" && cp -aL "$path" "$root$(dirname "$path")/"; }
done
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
git clone -q --no-hardlinks "$here" "$root/srv/tessera"

# A command there, with nothing in its environment but the way to the registries, and no folder of servers on its path.
there() {
    chroot "$root" env -i HOME=/root PATH=/usr/local/bin:/usr/bin:/bin TERM=dumb \
        $(env | grep -E '^(PIP_|[A-Za-z_]+_proxy=|[A-Z_]+_PROXY=|SSL_CERT_FILE=|REQUESTS_CA_BUNDLE=)') \
        sh -euc "cd /srv/tessera; $1"
}

# What `make run` prints works when it is pasted, after the tests, which bring curl.
cat >"$root/tmp/run.sh" <<'END'
set -eu
timeout 900 make run >/tmp/printed 2>&1 &
until grep -q "Listening on" /tmp/printed; do
    kill -0 $! || { cat /tmp/printed; exit 1; }
    sleep 1
done
cat /tmp/printed
command -v curl >/dev/null && grep "^curl" /tmp/printed | sed "s/^curl/curl -sS --fail-with-body/" >/tmp/lines && sh -eu /tmp/lines
kill $! && wait $! || true
END

there "sh -eu /tmp/run.sh"
there "timeout $SECONDS_MAX make test"
there "sh -eu /tmp/run.sh"
