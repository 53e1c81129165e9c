// Two steps of the claim's statement: for which of the `free` instructions the PSP may be called now.

/** A half-open circuit is probed by one worker, which locks the circuit's row, with at most `probes` instructions. */
export const CIRCUIT = `
half_open as materialized (
  select c.psp
  from psp_circuit c, moment
  where c.psp in (select psp from checked where verdict = 'free')
    and c.open_until <= moment.now and coalesce(c.probe_until, '-infinity') <= moment.now
  order by c.psp
  for update of c
),
admitted as materialized (
  select j.*,
    case
      when j.verdict <> 'free' then j.verdict
      when c.open_until is not null and (h.psp is null or j.place > parameter.probes) then 'circuit_open'
      when j.next_cycle >= parameter.cycles then 'resolve'
      else 'claimed'
    end as admission,
    c.open_until is not null as is_probe,
    greatest(c.open_until, c.probe_until) as closed_at
  from (
    select *, row_number() over (partition by psp, verdict order by instruction_id) as place from checked
  ) j
  cross join parameter
  left join psp_circuit c on c.psp = j.psp
  left join half_open h on h.psp = j.psp
)`;

/**
 * If the PSP's account has a rate limiter, each call needs a slot. An instruction that may have been sent takes two, one to
 * look it up and one to send it again. Only slots of the next 15 seconds are reserved; an instruction beyond them is
 * parked. A slot that an earlier claim or the relay reserved is kept for 30 seconds, unless the PSP has sent a
 * `Retry-After` since. A PSP without a limiter row costs no write and no lock.
 *
 * The first claim with an adapter that declares a rate writes the row, and goes unlimited itself.
 */
export const LIMITER = `
declared as (
  insert into psp_limiter (psp, spacing_ms, declared_ms, limited_at, recovers_from, next_call_at)
  select r.psp, 0, r.spacing_ms, moment.now, moment.now, moment.now
  from (select key as psp, value::int as spacing_ms from parameter, jsonb_each_text(declared_spacings)) r
  cross join moment
  left join psp_limiter known on known.psp = r.psp
  where r.psp in (select psp from admitted where admission in ('claimed', 'resolve'))
    and r.spacing_ms <> coalesce(known.declared_ms, 0)
  order by r.psp
  on conflict (psp) do update set declared_ms = excluded.declared_ms
),
limiter as materialized (
  select l.psp, l.recovers_from <= moment.now as is_open, limiter_spacing_v1(l, moment.now) as spacing_ms,
         limiter_room_v1(l, moment.now) as room, limiter_next_slot_v1(l, moment.now) as next_slot_at
  from psp_limiter l, moment, parameter
  where l.psp in (select psp from admitted where admission in ('claimed', 'resolve'))
    and limiter_spacing_v1(l, moment.now) > 0
    and l.declared_ms = coalesce((declared_spacings ->> l.psp)::int, 0)
  order by l.psp
  for update of l
),
limited as materialized (
  select a.instruction_id, a.psp, 1 + (a.attempts_not_sent < a.attempt_no)::int as calls,
         case when limiter.is_open and a.psp_slot_at > moment.now - interval '30 seconds' then a.psp_slot_at end as held_slot_at
  from admitted a
  join limiter using (psp)
  cross join moment
  where a.admission in ('claimed', 'resolve')
),
queued as materialized (
  select *, sum(calls) over (partition by psp order by instruction_id) - calls as calls_before
  from limited
  where held_slot_at is null
),
slots_taken as (
  update psp_limiter l
  set next_call_at = limiter.next_slot_at + interval '1 millisecond' * (least(q.calls, limiter.room) * limiter.spacing_ms)
  from limiter
  join (select psp, sum(calls) as calls from queued group by psp) q using (psp)
  where l.psp = limiter.psp
),
slotted as materialized (
  select q.instruction_id, limiter.next_slot_at + interval '1 millisecond' * (q.calls_before * limiter.spacing_ms) as slot_at,
         q.calls_before < limiter.room as is_reserved
  from queued q
  join limiter using (psp)
  union all
  select instruction_id, held_slot_at, true from limited where held_slot_at is not null
),
decided as materialized (
  select a.*, slot.slot_at, coalesce(slot.is_reserved, false) as is_reserved,
    case when slot.slot_at > moment.now or not slot.is_reserved then 'rate_limited' else a.admission end as decision
  from admitted a
  cross join moment
  left join slotted slot using (instruction_id)
)`;

/**
 * The circuit counts as probed from the moment the PSP is called. An instruction that must first wait for its slot is no
 * probe: it would keep others, whose slots have come, from probing.
 */
export const PROBING = `
probing as (
  update psp_circuit c
  set probe_until = moment.now + make_interval(secs => lease_seconds)
  from moment, parameter
  where c.psp in (select psp from half_open)
    and c.psp in (select psp from decided where decision in ('claimed', 'resolve'))
)`;
