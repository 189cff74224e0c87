#!/usr/bin/env bash
# The validation loss of each router at equal time: when the fastest one, by its mean over seeds, has ended. Epochs are interpolated.
#   equal-time.sh RUN...        folders of dgrad run moe; routers of all of them are compared
set -euo pipefail
files=("${@/%//metrics.jsonl}")
awk '
function field(name,  at) {  # the number or word of a field of the line
    at = match($0, "\"" name "\":")
    if (!at) return ""
    rest = substr($0, at + length(name) + 3)
    sub(/^"/, "", rest); sub(/[",}].*/, "", rest)
    return rest
}
{
    router = field("estimator")
    if (ARGC > 2) { folder = FILENAME; sub("/metrics.jsonl$", "", folder); sub(".*/", "", folder); router = router " in " folder }
    key = router SUBSEP field("seed"); n = ++epochs[key]
    time[key, n] = time[key, n - 1] + field("seconds"); loss[key, n] = field("valid_loss")
    routers[router]; keys[key] = router
}
END {
    for (key in keys) { total[keys[key]] += time[key, epochs[key]]; last[keys[key]] += loss[key, epochs[key]]; seeds[keys[key]]++ }
    for (router in routers) if (!end || total[router] / seeds[router] < end) end = total[router] / seeds[router]
    for (key in keys) {
        n = 1
        while (n < epochs[key] && time[key, n] < end) n++
        share = n > 1 && time[key, n] > end ? (end - time[key, n - 1]) / (time[key, n] - time[key, n - 1]) : 1
        at = n > 1 ? loss[key, n - 1] + share * (loss[key, n] - loss[key, n - 1]) : loss[key, n]
        sum[keys[key]] += at; squares[keys[key]] += at * at
    }
    print "router,seeds,seconds,valid_loss_at_equal_steps,at_seconds,valid_loss_at_equal_time,deviation"
    for (router in routers) {
        m = seeds[router]; mean = sum[router] / m
        variance = m > 1 ? (squares[router] - m * mean * mean) / (m - 1) : 0
        printf "%s,%d,%.1f,%.4f,%.1f,%.4f,%.4f\n", router, m, total[router] / m, last[router] / m, end, mean, sqrt(variance > 0 ? variance : 0) | "sort -t, -k6,6"
    }
}' "${files[@]}"
