#!/bin/sh
# Schemathesis against a server of MODEL (a fitted model's folder), with a key: all its checks, EXAMPLES for each operation.
#   python -m venv .venv-schemathesis && .venv-schemathesis/bin/pip install schemathesis
#   sh benchmarks/serving/contract.sh MODEL EXAMPLES .venv-schemathesis/bin/schemathesis
set -eu
HEADWINDS_TOKEN=a-key-of-the-check-0123
export HEADWINDS_TOKEN
python -m headwinds serve --model "$1" --name un --port 8799 >/dev/null 2>/dev/null &
server=$!
trap 'kill $server' EXIT
until curl -sf localhost:8799/ready >/dev/null; do sleep 0.2; done
curl -s localhost:8799/openapi.json -H "authorization: Bearer $HEADWINDS_TOKEN" >openapi.json
"$3" run openapi.json --url http://localhost:8799 -H "Authorization: Bearer $HEADWINDS_TOKEN" \
    --max-examples "$2" --checks all --continue-on-failure --seed 0
rm openapi.json
