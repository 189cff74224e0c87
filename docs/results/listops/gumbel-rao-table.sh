#!/usr/bin/env bash
# A column of Gumbel-Rao's table 1 (arXiv 2010.04838): sentences of at most L tokens, st-gumbel and gumbel-rao at three temperatures, with
# ReinMax, straight-through, GST-1.0, the controls and the shortcuts beside them; then a report. Started again, it goes on where it stopped.
#   [SEEDS=3] gumbel-rao-table.sh [L] [DIR] [further options of dgrad run listops]
set -euo pipefail
longest=${1:-10}
out=${2:-runs/gumbel-rao-$longest}
more=("${@:3}")
temperatures=0.01,0.1,1

go() {  # folder, options
    if [ -e "$out/$1" ]; then
        dgrad run listops --resume --out "$out/$1"
    else
        dgrad run listops --preset "gumbel-rao-$longest" --seeds "${SEEDS:-3}" --jobs 2 "${more[@]}" "${@:2}" --out "$out/$1"
    fi
}

mkdir -p "$out"
go others --estimator reinmax,st,gst-1.0,random-trees,left-to-right,right-to-left,balanced,true-trees,majority,depth-1,depth-2,depth-3
go st-gumbel --estimator st-gumbel --temperature "$temperatures"
go gumbel-rao --estimator gumbel-rao --noise-draws 10,100,1000 --temperature "$temperatures"
dgrad report "$out"
