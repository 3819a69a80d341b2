#!/bin/sh
# Schemathesis against a server of fitted models, with a key: all its checks, EXAMPLES for each operation, from the repository's root.
#   python -m venv .venv-schemathesis && .venv-schemathesis/bin/pip install schemathesis
#   sh benchmarks/serving/contract.sh .venv-schemathesis/bin/schemathesis EXAMPLES [--explain] NAME=FOLDER ...
# SECONDS_AT_MOST bounds the whole run: Schemathesis then draws on until the time is over. Without it the run ends by itself.
# SELECT holds options that choose operations, such as "--include-path-regex ^/v1/explain/"; PORT is the server's.
set -eu
HEADWINDS_TOKEN=a-key-of-the-check-0123
export HEADWINDS_TOKEN
schemathesis=$1
examples=$2
shift 2
port=${PORT:-8799}
log=$(mktemp)
python -m benchmarks.serving.serve_folders $port "$@" >/dev/null 2>"$log" &
server=$!
trap 'kill $server' EXIT
until curl -sf localhost:$port/ready >/dev/null; do sleep 0.2; done
document=$(mktemp)
PYTHONPATH=$(pwd)${PYTHONPATH:+:$PYTHONPATH}
export PYTHONPATH
cd "$(mktemp -d)" # it keeps what it found in the folder where it runs
curl -s localhost:$port/openapi.json -H "authorization: Bearer $HEADWINDS_TOKEN" >"$document"
# A long answer may take the 30 seconds that the server gives it.
SCHEMATHESIS_HOOKS=benchmarks.serving.contract_hooks "$schemathesis" run "$document" ${SELECT:-} --url http://localhost:$port \
    -H "Authorization: Bearer $HEADWINDS_TOKEN" --max-examples "$examples" --checks all \
    --exclude-checks positive_data_acceptance --continue-on-failure --seed 0 ${SECONDS_AT_MOST:+--max-time $SECONDS_AT_MOST} --request-timeout 40 --max-response-time 40 || true
echo "failures of the server itself: $(grep -c 'a request failed' "$log" || true)"
rm "$document" "$log"
