#!/usr/bin/env bash
# All results on mixtures of experts: makeMoE's configuration once, the routers on the small character model, and switching regression; then
# reports and the losses at equal time. Started again, it goes on where it stopped.
#   routers.sh [DIR] [further options of dgrad run moe]
set -euo pipefail
here=$(dirname "$0")
out=${1:-runs/mixture-of-experts}
more=("${@:2}")
drawn=sparsemixer,sparsemixer-2,sparsemixer-2-star

go() {  # folder, options
    if [ -e "$out/$1" ]; then
        dgrad run moe --resume --out "$out/$1"
    else
        dgrad run moe "${@:2}" "${more[@]}" --out "$out/$1"
    fi
}

mkdir -p "$out"
go makemoe --preset makemoe --router noisy-top-k
go small --preset small --router switch,top-k,noisy-top-k,dense,$drawn,dense-st,reinmax,st --seeds 3 --quality-every 2 --threads 1
go small-all-drawn --preset small --router $drawn --mask-threshold 1 --seeds 3 --quality-every 2 --threads 1
go switching --preset switching --router switch,dense,$drawn,reinmax,st,gumbel-rao --picks 1 --seeds 5 --quality-every 2 --threads 1
go switching-all-drawn --preset switching --router $drawn --mask-threshold 1 --picks 1 --seeds 5 --quality-every 2 --threads 1
go pick-one --preset pick-one --router reinmax,st,gumbel-rao,dense --copies 1,8 --lr 0.003,0.02 --seeds 8 --quality-every 2 --threads 1
dgrad report "$out"
"$here/equal-time.sh" "$out/small" "$out/small-all-drawn" > "$out/equal-time.csv"
