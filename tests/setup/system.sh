#!/bin/sh
# Sees to the programs of the system that the tests start (programs.txt): on Debian, as root, it installs the packages of
# those that are missing; anywhere else it names the packages and the command. Exits with 1 while any is missing.
# The tests that need a missing program are left out, and listed at the end of their run.
set -u
cd "$(dirname "$0")" || exit 1
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# The packages that are missing.
missing() {
    for folder in /usr/lib/postgresql/*/bin; do PATH=$PATH:$folder; done
    while read -r program package; do
        case $program in '' | '#'*) continue ;; esac
        command -v "$program" >/dev/null || echo "$package"
    done <programs.txt
    python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv
}

packages=$(missing | sort -u | tr '\n' ' ')
packages=${packages% }
[ -n "$packages" ] || exit 0

debian=$(. /etc/os-release 2>/dev/null && echo "${ID:-}")
if [ "$debian" != debian ]; then
    echo "The tests need programs that are missing here. On Debian these packages bring them: $packages" >&2
    exit 1
elif [ "$(id -u)" != 0 ]; then
    echo "The tests need packages that only root can install: apt-get install --no-install-recommends $packages" >&2
    exit 1
fi

# No service is started or enabled by its package, and PostgreSQL's makes no cluster: the tests run servers of their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
fi
clusters=/etc/postgresql-common/createcluster.conf
if [ ! -e "$clusters" ]; then
    mkdir -p "${clusters%/*}" && echo 'create_main_cluster = false' >"$clusters"
fi

echo "Installing what the tests need from the system: $packages ..."
export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1
log=$(mktemp)
# shellcheck disable=SC2086  # one word for each package
if { apt-get update && apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold $packages; } \
    </dev/null >"$log" 2>&1; then
    for service in nginx haproxy pgbouncer postgresql; do
        case " $packages " in *" $service"*) systemctl disable --quiet "$service" 2>/dev/null ;; esac
    done
else
    tail -n 20 "$log" >&2
fi
rm -f "$log"

packages=$(missing | sort -u | tr '\n' ' ')
packages=${packages% }
[ -z "$packages" ] || { echo "These packages could not be installed: $packages" >&2; exit 1; }
