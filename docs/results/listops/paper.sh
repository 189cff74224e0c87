#!/usr/bin/env bash
# The five methods of ReinMax's paper (arXiv 2304.08612) on all of ListOps at its settings, and trees that nobody learns; then a report.
# The paper trains for 20 epochs, and with five seeds. Started again, it goes on where it stopped.
#   [EPOCHS=20] [SEEDS=5] paper.sh [DIR]
set -euo pipefail
out=${1:-runs/listops-paper}

for method in st reinmax st-gumbel gumbel-rao gst-1.0 random-trees; do
    if [ -e "$out/$method" ]; then
        dgrad run listops --resume --out "$out/$method"
    else
        dgrad run listops --preset paper --estimator "$method" --epochs "${EPOCHS:-20}" --seeds "${SEEDS:-5}" --jobs 2 --out "$out/$method"
    fi
done

dgrad report "$out"
