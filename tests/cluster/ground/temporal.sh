# Temporal's dev server on the cluster's own machine. What takes minutes by default (that a version counts as drained, that a poller counts as gone)
# takes seconds here, so that tests see the whole life of a version. A poll must end sooner than it is forgotten: else the server takes idle workers for
# gone, and lets a version be deleted under them.
# Its data outlive the program, as a real server's do, and end with the machine.
# Uses words.sh, machine.sh; needs TEMPORAL (the program).

TEMPORAL_POLL=5s
TEMPORAL_POLLER=10s
# How often the server looks whether a version is drained: each look is half a dozen tasks of its own workflows.
TEMPORAL_DRAINAGE=3s
# More options, where many operators are to share the server.
TEMPORAL_MANY=()

# On every address of that machine: its own services look for each other on loopback.
start_temporal() {
  launch temporal "$TEMPORAL" server start-dev --ip 0.0.0.0 --port 7233 --ui-port 8233 --log-level warn --db-filename /var/lib/temporal.db \
    --dynamic-config-value 'matching.wv.VersionDrainageStatusVisibilityGracePeriod="1s"' \
    --dynamic-config-value "matching.wv.VersionDrainageStatusRefreshInterval=\"$TEMPORAL_DRAINAGE\"" \
    --dynamic-config-value "matching.longPollExpirationInterval=\"$TEMPORAL_POLL\"" \
    --dynamic-config-value "matching.PollerHistoryTTL=\"$TEMPORAL_POLLER\"" "${TEMPORAL_MANY[@]}"
}

await_temporal() { await "Temporal" temporal 30 "$TEMPORAL" task-queue describe --address "$TEMPORAL_ADDRESS" --task-queue any; }
