# Writes nginx.conf from its template: nginx itself reads no environment.
set -eu
sed -e "s|@DATA@|$DATA|g" -e "s|@APP_PORT@|$APP_PORT|g" -e "s|@FRONT_PORT@|$FRONT_PORT|g" \
    nginx.conf.in >"$DATA/front/nginx.conf"
