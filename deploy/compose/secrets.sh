#!/bin/sh
# Makes what compose.yaml reads as secrets, once: what is there already stays as it is.
#
# Inside the containers users read these files whose numbers the host does not know, so the files can be read by all and
# their folder by its owner alone. proxy.pem is a certificate for localhost that nobody trusts: put your own in its place.
set -eu
umask 022
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 0700 "$folder"
cd "$folder"

random() {
    openssl rand -hex 32
}

[ -e master.key ] || random > master.key
[ -e postgres-password ] || random > postgres-password
[ -e tessera-password ] || random > tessera-password
[ -e database-url ] || echo "postgresql://tessera:$(cat tessera-password)@database/tessera" > database-url
if [ ! -e proxy.pem ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout proxy.key -out proxy.crt 2> /dev/null
    cat proxy.crt proxy.key > proxy.pem
    rm proxy.crt proxy.key
fi
chmod 0444 master.key postgres-password tessera-password database-url proxy.pem
