-- SPDX-License-Identifier: ISC
-- keys.lua - what wrk asks of a store, by the words behind `--`:
--   get COUNT          one of the keys 0 to COUNT - 1, in turn
--   put NAME BYTES     a new key each time, below NAME
-- One thread only: each would count for itself.  A reply that is not 2xx is counted by wrk.
local at = 0
local method, path, body, count

function init(args)
    method = args[1] == "put" and "PUT" or "GET"
    if method == "PUT" then
        path = "/v1/b/main/k/bench/" .. args[2] .. "/"
        body = string.rep("v", tonumber(args[3]))
    else
        path = "/v1/b/main/k/bench/get/"
        count = tonumber(args[2])
    end
end

function request()
    local key = count and at % count or at
    at = at + 1
    -- A hundred keys a directory, as people would have it.
    return wrk.format(method, path .. math.floor(key / 100) .. "/" .. key, nil, body)
end
