#!/bin/bash
# Once, in an empty database: an owner for migrations, the application's role that row security binds, and one that may copy.
# Their passwords stand in the secret db_roles, a line each: role and password (secrets.sh writes it and the roles' own files).
set -euo pipefail

password() { awk -v role="$1" '$1 == role { print $2 }' /run/secrets/db_roles; }

psql --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
  --set owner="$(password huzhu_owner)" --set app="$(password huzhu_app)" --set backup="$(password huzhu_backup)" <<'SQL'
CREATE ROLE huzhu_owner LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'owner';
CREATE ROLE huzhu_app LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'app';
CREATE ROLE huzhu_backup LOGIN NOSUPERUSER NOBYPASSRLS REPLICATION PASSWORD :'backup';
GRANT pg_monitor TO huzhu_backup;
CREATE DATABASE huzhu OWNER huzhu_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT ON DATABASE huzhu FROM PUBLIC;
GRANT CONNECT ON DATABASE huzhu TO huzhu_app, huzhu_backup;
SQL
echo "host replication huzhu_backup all scram-sha-256" >> "$PGDATA/pg_hba.conf"
