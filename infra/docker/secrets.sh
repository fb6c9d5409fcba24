#!/bin/bash
# The secrets of a new house: `infra/docker/secrets.sh FOLDER`. What is there stays. TLS certificate and key are the office's own.
set -euo pipefail
umask 077
folder="${1:?the folder of secrets}"
mkdir -p "$folder"
word() { openssl rand -base64 33 | tr -d '/+=\n' | cut -c -40; }

for name in db_superuser backup_passphrase; do
  [ -e "$folder/$name" ] || word > "$folder/$name"
done
if [ ! -e "$folder/db_roles" ]; then
  for role in huzhu_owner huzhu_app huzhu_backup; do
    secret="$(word)"
    echo "$role $secret" >> "$folder/db_roles.part"
    # Any host and any database; the second star also stands for "replication", the name under which a copy is asked for.
    echo "*:5432:*:$role:$secret" > "$folder/${role#huzhu_}_pgpass"
  done
  mv "$folder/db_roles.part" "$folder/db_roles"
fi
if [ ! -e "$folder/store_keys" ]; then
  id="$(word | cut -c -20)"; secret="$(word)"
  printf 'aws_access_key_id = %s\naws_secret_access_key = %s\n' "$id" "$secret" > "$folder/store_keys"
  printf '{"identities": [{"name": "huzhu", "credentials": [{"accessKey": "%s", "secretKey": "%s"}], "actions": ["Read", "Write", "List", "Tagging", "Admin"]}]}\n' \
    "$id" "$secret" > "$folder/s3_identities"
fi
if [ "$(id -u)" = 0 ]; then
  chown 10001:10001 "$folder"/{app,owner,backup}_pgpass "$folder"/{backup_passphrase,store_keys}
  chown 10002:10002 "$folder/s3_identities"
  for tls in tls_certificate tls_key; do [ ! -e "$folder/$tls" ] || chown 101:101 "$folder/$tls"; done
  chown 999:999 "$folder"/{db_superuser,db_roles}
fi
ls "$folder"
