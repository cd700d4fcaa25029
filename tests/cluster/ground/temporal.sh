# Temporal's dev server on the cluster's own machine. What takes minutes by default (that a version counts as drained, that a poller counts as gone)
# takes seconds here, so that tests see the whole life of a version.
# Uses words.sh, machine.sh; needs TEMPORAL (the program).

# On every address of that machine: its own services look for each other on loopback.
start_temporal() {
  launch temporal "$TEMPORAL" server start-dev --ip 0.0.0.0 --port 7233 --ui-port 8233 --log-level warn \
    --dynamic-config-value 'matching.wv.VersionDrainageStatusVisibilityGracePeriod="1s"' \
    --dynamic-config-value 'matching.wv.VersionDrainageStatusRefreshInterval="1s"' \
    --dynamic-config-value 'matching.PollerHistoryTTL="5s"'
}

await_temporal() { await "Temporal" temporal 30 "$TEMPORAL" operator cluster health --address "$TEMPORAL_ADDRESS"; }
