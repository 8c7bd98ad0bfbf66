#!/bin/sh
# Runs once, in the container of PostgreSQL, when its folder is empty: a database of its own, and a role that owns it and
# is nothing else.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set password="$(cat "${PASSWORD_FILE:-/run/secrets/tessera_password}")" <<'SQL'
create role tessera login nosuperuser nocreatedb nocreaterole password :'password';
create database tessera owner tessera;
revoke all on database tessera from public;
SQL
