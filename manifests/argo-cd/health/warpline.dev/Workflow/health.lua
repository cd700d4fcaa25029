-- The health of a Workflow, from its conditions (kstatus). Argo CD runs each script alone, so each has all that it needs.
local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    conditions[condition.type] = condition
  end
end

local function holds(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

local ready = conditions.Ready
if ready == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "the operator has yet to look at this generation" }
end
if holds("Stalled") then
  -- A person stopped the rollout and is to say when it goes on: nothing is wrong.
  local waits = { Paused = true, WaitsForPromotion = true }
  local status = waits[conditions.Stalled.reason] and "Suspended" or "Degraded"
  return { status = status, message = conditions.Stalled.message }
end
if holds("Reconciling") then
  return { status = "Progressing", message = conditions.Reconciling.message }
end
if ready.status == "True" then
  return { status = "Healthy", message = ready.message }
end
if ready.status == "False" then
  return { status = "Degraded", message = ready.message }
end
return { status = "Progressing", message = ready.message }
