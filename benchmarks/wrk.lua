-- Asks what the lines of the file $TARGETS say, one after the other; with $TAG set, each request
-- gets it and a number of its own at the end, so that no two are alike. Prints the outcome as JSON.
local targets, count, tag = {}, 0, os.getenv("TAG")

function init()
  for line in io.lines(os.getenv("TARGETS")) do targets[#targets + 1] = line end
end

function request()
  count = count + 1
  local target = targets[(count - 1) % #targets + 1]
  if tag then target = target .. tag .. count end
  return wrk.format("GET", target)
end

function done(summary, latency)
  local failed = summary.errors.status + summary.errors.read + summary.errors.timeout
    + summary.errors.connect + summary.errors.write
  io.write(string.format(
    '{"seconds": %f, "answers": %d, "failed": %d, "median_ms": %f, "p99_ms": %f, "worst_ms": %f}\n',
    summary.duration / 1e6, summary.requests, failed, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3))
end
