#!/usr/bin/env bash
# The search at the preset 'small' with five seeds of every method, random search at several numbers of cells, and the gradients compared
# with the exact one; then a report. Started again, it goes on where it stopped. Cells of the study can be shared among processes.
#   small.sh [DIR] [further options of dgrad run nas]
set -euo pipefail
out=${1:-runs/architecture-search}
more=("${@:2}")

go() {  # folder, options
    if [ -e "$out/$1" ]; then
        dgrad run nas --resume --out "$out/$1"
    else
        dgrad run nas --preset small --threads 1 "${more[@]}" "${@:2}" --out "$out/$1"
    fi
}

mkdir -p "$out"
go one-operation --method gdas,gdas-reinmax,dsnas,mid-point,untrained --seeds 5
go all-operations --method reinmax,st --seeds 5
go random-search --method random-search --cells 1,10,50 --seeds 20
go gradients --method reinmax --seeds 1 --quality-every 1 --quality-draws 1000
dgrad report "$out"
