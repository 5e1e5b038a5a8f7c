#!/bin/sh
# cpu.sh BINARY PORT [SECONDS [SERVERS [TASKS]]]: the CPU time of a daemon per minute and per request, in steady
# state, with its defaults, in front of a simulator of its own on PORT. SIMULATOR is the program that simulates;
# default: BINARY. Run it for two builds at the same time, and compare: they share what else the machine does.
set -eu
binary=$1 port=$2 span=${3:-120} servers=${4:-50} tasks=${5:-200}
web=127.0.0.1:$((port + 1))

"${SIMULATOR:-$binary}" simulate --servers "$servers" --tasks "$tasks" --tables 1 --latency 5ms \
	--listen-address "127.0.0.1:$port" >/dev/null 2>&1 &
simulator=$!
trap 'kill $simulator' EXIT
sleep 2
QEM_URL=http://127.0.0.1:$port/attunityenterprisemanager QEM_USERNAME='EXAMPLE\monitor' \
	QEM_PASSWORD=simulated-password "$binary" --web.listen-address="$web" >/dev/null 2>&1 &
daemon=$!
trap 'kill $daemon $simulator' EXIT

ticks() { awk '{ print $14 + $15 }' "/proc/$daemon/stat"; }
requests() { curl -s "$web/metrics" | awk '/^qem_api_requests_total\{/ { n += $NF } END { print n + 0 }'; }

sleep 100 # all sweeps have their phases
before=$(requests) used=$(ticks)
sleep "$span"
used=$(($(ticks) - used)) made=$(($(requests) - before))
echo "$used $made $span $(getconf CLK_TCK) $(cut -d' ' -f1 /proc/loadavg)" | awk '{
	cpu = $1 / $4
	printf "%.2f CPU s a minute, %d requests a minute, %.3f CPU ms a request, load %s\n",
		cpu * 60 / $3, $2 * 60 / $3, cpu * 1000 / $2, $5 }'
