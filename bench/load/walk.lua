-- Walks over prepared requests: every load, the bare handler's included, runs this script, so all cost wrk the same.
--
-- Where a request holds 26 times "#", a number stands in their place that no other request has: an idempotency id.
--
-- Arguments: the file of requests, each behind its length in six digits; the request to begin with; the step from one
-- to the next; a mode: "load", "pass" (says "passed" once every request was sent), "collect" (the same, and writes the
-- access token of each answer to the file named last), "explain" (says what answers other than 2xx were).
-- Last, in mode "load", 16 characters that no other run has.
-- It speaks to whoever runs wrk by lines on standard error, and with the figures as JSON on standard output.

local requests, count, position, step, sent, answered = {}, 0, 0, 1, 0, 0
local passing = false
local MARK = string.rep("#", 26)
local run, heads, tails = nil, {}, {}

local function say(line)
   io.stderr:write(line, "\n")
   io.stderr:flush()
end

local function read(path)
   local file = assert(io.open(path, "rb"))
   local length = file:read(6)
   while length do
      count = count + 1
      requests[count] = file:read(tonumber(length))
      local first, last = requests[count]:find(MARK, 1, true)
      if first then heads[count], tails[count] = requests[count]:sub(1, first - 1), requests[count]:sub(last + 1) end
      length = file:read(6)
   end
   file:close()
end

local function collecting(path)
   local tokens = assert(io.open(path, "wb"))
   local last = count + 64  -- answers overtake each other by no more than the connections there are
   return function(_, _, body)
      answered = answered + 1
      if answered <= last then tokens:write(body:match('"access_token":"([0-9a-f]+)"') or "", "\n") end
      if answered == last then
         tokens:close()
         say("passed")
      end
   end
end

local function explaining(status, _, body)
   if status < 200 or status > 299 then
      say("refused " .. status .. " " .. body:sub(1, 200))
   end
end

function init(args)
   read(args[1])
   position, step = tonumber(args[2]), tonumber(args[3])
   passing = args[4] == "pass"
   run = args[4] == "load" and args[5] or string.rep("0", 16)
   if args[4] == "collect" then response = collecting(args[5]) end
   if args[4] == "explain" then response = explaining end
end

function request()
   sent = sent + 1
   if sent == 2 then say("started") end  -- wrk asks for one request before it begins
   if passing and sent == count + 1 then say("passed") end
   local found = requests[position + 1]
   if heads[position + 1] then
      found = heads[position + 1] .. run .. string.format("%010d", sent) .. tails[position + 1]
   end
   position = (position + step) % count
   return found
end

function done(summary, latency, _)
   local errors = summary.errors
   print(string.format(
      'RESULT {"requests":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"refused":%d,"broken":%d}',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
      errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
