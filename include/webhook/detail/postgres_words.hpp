// SPDX-License-Identifier: MIT
// What the words of the store contract do on a PostgreSQL server: one function each, so that a word is one round trip
// and one transaction, and nothing of it lives in a session. SQL only; '@' stands for the schema.
#ifndef WEBHOOK_DETAIL_POSTGRES_WORDS_HPP
#define WEBHOOK_DETAIL_POSTGRES_WORDS_HPP

namespace webhook {
inline namespace v0 {
namespace detail {

// Each statement within a function sees what is committed by then (READ COMMITTED): the lock first, then a look.
// Everything goes by an index; the settings keep a plan that was made while the tables were empty from scanning them,
// and its cost from being compiled. One plan serves all calls of a connection: planning for the arrays of each call
// took longer than the work.
inline constexpr const char* postgres_append = R"sql(
-- route_*: one for each route; route_n is the place of its event in the other arrays, route_ord its place in the event.
-- Answers 0 inserted, 1 duplicate, 2 conflict. The registry is read before the commit and not locked: a put that
-- commits meanwhile is concurrent with this append, which may count as the earlier of the two.
CREATE FUNCTION @append(given bigint, wall bigint, ids text[], types text[], tenants bytea[], keys bytea[],
    channels bytea[], traces text[], times bigint[], expiries bigint[], delays bigint[], payloads bytea[],
    registries bigint[], named boolean[], routed boolean[], route_n integer[], route_ord integer[],
    route_lane bigint[], route_delay bigint[], route_key bytea[]) RETURNS integer[] LANGUAGE plpgsql
  SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_mergejoin = off AS $$
DECLARE
  at bigint;
  newest bigint;
  simple boolean;
  wanted boolean[];
  numbers bigint[];
  made bigint[];
  answers integer[];
BEGIN
  simple := @hold(route_lane, false);
  at := @clock(given);
  newest := (SELECT registry FROM @store);
  wanted := routed;
  IF EXISTS (SELECT 1 FROM unnest(route_lane) AS r (e) WHERE NOT EXISTS (SELECT 1 FROM @lane WHERE endpoint = r.e)) THEN
    wanted := ARRAY(SELECT EXISTS (SELECT 1 FROM unnest(route_n, route_lane) AS r (n, e) JOIN @lane l ON l.endpoint =
        r.e
                                    WHERE r.n = u.n) FROM generate_series(1, cardinality(ids)) AS u (n) ORDER BY u.n);
  END IF;
  wanted := ARRAY(SELECT u.wants OR u.registry < newest
                    FROM unnest(wanted, registries) WITH ORDINALITY AS u (wants, registry, n) ORDER BY n);
  numbers := ARRAY(SELECT nextval('@event_number_seq') FROM generate_series(1, cardinality(ids)));
  WITH fresh AS (
    INSERT INTO @event (number, unrouted, id, type, tenant, key, channel, traceparent, time, expires, created, delay,
                        payload)
      SELECT number, registry < newest, id, type, tenant, key, channel, trace, time, expiry, coalesce(wall, at / 1000),
             delay, payload
        FROM unnest(numbers, ids, types, tenants, keys, channels, traces, times, expiries, delays, payloads, registries,
                    wanted) WITH ORDINALITY
             AS u (number, id, type, tenant, key, channel, trace, time, expiry, delay, payload, registry, wants, n)
        WHERE wants ORDER BY n
      ON CONFLICT (id, tenant) DO NOTHING RETURNING number)
  SELECT array_agg(number) INTO made FROM fresh;
  IF cardinality(made) = cardinality(ids) THEN
    answers := array_fill(0, ARRAY[cardinality(ids)]);
  ELSE
    SELECT array_agg(CASE WHEN u.number = ANY (made) THEN 0
                          WHEN e.number IS NULL OR NOT (u.wants OR u.name) THEN CASE WHEN u.wants THEN 9 ELSE 0 END
                          WHEN e.type = u.type AND e.payload = u.payload THEN 1 ELSE 2 END ORDER BY u.n)
      INTO answers
      FROM unnest(numbers, ids, types, tenants, payloads, wanted, named) WITH ORDINALITY
           AS u (number, id, type, tenant, payload, wants, name, n)
      LEFT JOIN @event e ON e.id = u.id AND e.tenant = u.tenant;
    IF 9 = ANY (answers) THEN  -- it was there, and was pruned meanwhile
      RAISE EXCEPTION 'an event of the same id went away meanwhile' USING ERRCODE = '40001';
    END IF;
    numbers := ARRAY(SELECT CASE WHEN number = ANY (made) THEN number END
                       FROM unnest(numbers) WITH ORDINALITY AS u (number, n) ORDER BY n);
  END IF;
  IF made IS NULL OR cardinality(route_lane) = 0 THEN RETURN answers; END IF;
  PERFORM @add(at, r.ids, r.lanes, r.dues, r.keys, false, simple)
    FROM (SELECT array_agg((numbers[n] << 20) + ord) AS ids, array_agg(lane) AS lanes,
                 array_agg(@later(at, delay)) AS dues, array_agg(key) AS keys
            FROM unnest(route_n, route_ord, route_lane, route_delay, route_key) AS u (n, ord, lane, delay, key)
           WHERE numbers[n] IS NOT NULL AND registries[n] >= newest) AS r
    WHERE r.ids IS NOT NULL;
  RETURN answers;
END $$;
)sql";

inline constexpr const char* postgres_claim = R"sql(
-- What became of leases of a lane that ended: the deliveries queue again, or are over where nobody wants them any more.
-- They stay leased until they are claimed again, so that a late word still counts.
CREATE FUNCTION @lapse(l @lane, at bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  lapsed bigint[];
  d @delivery;
BEGIN
  lapsed := ARRAY(SELECT id FROM @delivery WHERE endpoint = l.endpoint AND seat = 2 AND due <= at ORDER BY due, id
                   FOR UPDATE SKIP LOCKED);
  IF cardinality(lapsed) = 0 THEN RETURN; END IF;
  IF l.state < 3 AND l.ordering = 0 AND NOT l.supersede THEN
    UPDATE @delivery SET seat = CASE WHEN resent THEN 1 ELSE 0 END WHERE id = ANY (lapsed);
    RETURN;
  END IF;
  FOR d IN SELECT o.* FROM unnest(lapsed) WITH ORDINALITY AS u (id, n) JOIN @delivery o ON o.id = u.id ORDER BY n LOOP
    SELECT * INTO d FROM @delivery WHERE id = d.id;
    IF l.state >= 3 THEN
      PERFORM @finish(d, 5, at);
    ELSIF @is_overtaken(d.endpoint, d.skey, d.id) THEN
      PERFORM @finish(d, 7, at);
    ELSE
      PERFORM @queue(d, d.due);
    END IF;
  END LOOP;
END $$;

-- The first row says when to come again and the newest registry version; each further one is a delivery.
CREATE FUNCTION @claim(given bigint, lease bigint, most integer, per_lane integer)
    RETURNS TABLE (id bigint, fence bigint, lane bigint, version bigint, attempts integer, lost integer, number bigint,
                   event text, type text, tenant bytea, key bytea, channel bytea, traceparent text, "time" bigint,
                   expires bigint, payload bytea) LANGUAGE plpgsql
  SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_mergejoin = off
  SET enable_hashjoin = off AS $$
#variable_conflict use_column
DECLARE
  at bigint := @clock(given);
  room bigint := most;
  seen bigint[] := '{}';
  picked bigint[];
  taken bigint[] := '{}';
  ids bigint[];
  fences bigint[];
  e bigint;
  l @lane;
  many bigint;
  ready_at bigint;
  ready_full boolean;
  more boolean := false;
  soon boolean := false;
  next_at bigint;
BEGIN
  LOOP
    picked := ARRAY(SELECT endpoint FROM @lane WHERE next <= at AND NOT endpoint = ANY (seen) ORDER BY state >= 3
        DESC, served, endpoint
                      LIMIT least(greatest(room, 1), 64) FOR NO KEY UPDATE SKIP LOCKED);
    EXIT WHEN cardinality(picked) = 0;
    seen := seen || picked;
    FOREACH e IN ARRAY picked LOOP
      EXIT WHEN room = 0 AND more;
      SELECT * INTO l FROM @lane WHERE endpoint = e;
      PERFORM @lapse(l, at);
      ids := '{}';
      IF l.state = 0 AND l.rests <= at AND l.spaced <= at THEN
        many := least(room, per_lane, l.cap);
        many := least(many, l.cap - (SELECT count(*) FROM (SELECT 1 FROM @delivery d
                                       WHERE d.endpoint = e AND d.seat = 2 AND d.due > at LIMIT l.cap) AS places));
        IF many > 0 THEN
          ids := ARRAY(SELECT d.id FROM @delivery d WHERE d.endpoint = e AND d.seat = 0 AND d.due <= at
                         ORDER BY d.due, d.id LIMIT many FOR UPDATE SKIP LOCKED);
          IF cardinality(ids) < many THEN
            ids := ids || ARRAY(SELECT d.id FROM @delivery d WHERE d.endpoint = e AND d.seat = 1 AND d.due <= at
                                  ORDER BY d.due, d.id LIMIT many - cardinality(ids) FOR UPDATE SKIP LOCKED);
          END IF;
        END IF;
      END IF;
      IF cardinality(ids) > 0 THEN
        fences := ARRAY(SELECT nextval('@fence') FROM generate_series(1, cardinality(ids)));
        UPDATE @delivery d SET seat = 2, due = @later(at, lease), state = 1, word = 1, fence = u.fence,
                               lost = d.lost + CASE d.state WHEN 1 THEN 1 ELSE 0 END
          FROM unnest(ids, fences) AS u (id, fence) WHERE d.id = u.id;
        UPDATE @lane SET served = nextval('@turn'),
            spaced = CASE WHEN spacing <= 0 THEN spaced
                          WHEN spacing > 9223372036854775807 / cardinality(ids) THEN 9223372036854775807
                          ELSE @later(at, spacing * cardinality(ids)) END WHERE endpoint = e;
        taken := taken || ids;
        room := room - cardinality(ids);
      END IF;
      SELECT r.moment, r.is_full INTO ready_at, ready_full FROM @ready(e, at) r;
      IF ready_at > at THEN
        PERFORM 1 FROM @lane WHERE endpoint = e FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
          ready_at := @place(e, at);
        ELSE
          soon := true;
          UPDATE @lane SET next = 0, "full" = false WHERE endpoint = e AND (next <> 0 OR "full");
          CONTINUE;
        END IF;
      END IF;
      IF ready_at <= at THEN
        more := true;
        UPDATE @lane SET next = 0, "full" = false WHERE endpoint = e AND (next <> 0 OR "full");
      END IF;
    END LOOP;
    EXIT WHEN room = 0 AND more;
  END LOOP;
  IF more THEN
    next_at := at;
  ELSE
    next_at := (SELECT min(next) FROM @lane WHERE next > at);
    IF soon OR EXISTS (SELECT 1 FROM @lane WHERE next <= at) THEN next_at := least(next_at, at + 5000000); END IF;
  END IF;
  RETURN QUERY SELECT NULL::bigint, NULL::bigint, NULL::bigint, s.registry, NULL::integer, NULL::integer,
      coalesce(next_at, 9223372036854775807) - at, NULL::text, NULL::text, NULL::bytea, NULL::bytea, NULL::bytea,
          NULL::text,
      NULL::bigint, NULL::bigint, NULL::bytea FROM @store s;
  IF cardinality(taken) = 0 THEN RETURN; END IF;
  RETURN QUERY SELECT d.id, d.fence, d.endpoint, l.version, d.attempts, d.lost, v.number, v.id, v.type, v.tenant, v.key,
      v.channel, v.traceparent, v.time, v.expires, v.payload
    FROM unnest(taken) WITH ORDINALITY AS u (id, n) JOIN @delivery d ON d.id = u.id JOIN @event v ON v.number = d.id
        >> 20
    JOIN @lane l ON l.endpoint = d.endpoint ORDER BY u.n;
END $$;
)sql";

inline constexpr const char* postgres_settle = R"sql(
-- What a word does to its delivery, where an order, a closed endpoint or another word of the same batch may matter.
-- Returns 0 applied, 1 already, 2 stale.
CREATE FUNCTION @hear(at bigint, w_id bigint, w_fence bigint, w_state integer, w_in bigint, w_tried boolean)
    RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  d @delivery;
  closed boolean;
BEGIN
  SELECT * INTO d FROM @delivery WHERE id = w_id FOR UPDATE;
  IF NOT FOUND OR d.fence <> w_fence THEN RETURN 2; END IF;
  IF d.state <> 1 THEN RETURN CASE WHEN d.word = w_state AND w_state <> 1 THEN 1 ELSE 2 END; END IF;
  closed := (SELECT state >= 3 FROM @lane WHERE endpoint = d.endpoint);
  UPDATE @delivery SET word = w_state, attempts = attempts + CASE WHEN w_tried THEN 1 ELSE 0 END WHERE id = w_id;
  IF w_state = 1 THEN
    UPDATE @delivery SET seat = 2, due = @later(at, w_in) WHERE id = w_id;
  ELSIF w_state > 2 THEN
    PERFORM @finish(d, w_state, at);
  ELSIF closed OR @is_overtaken(d.endpoint, d.skey, d.id) THEN
    PERFORM @finish(d, CASE WHEN closed THEN 5 ELSE 7 END, at);
  ELSIF w_state = 2 THEN
    UPDATE @delivery SET seat = 3, state = 2, due = at WHERE id = w_id;
  ELSE
    UPDATE @delivery SET state = 0 WHERE id = w_id;
    PERFORM @queue(d, @later(at, w_in));
  END IF;
  RETURN 0;
END $$;

CREATE FUNCTION @settle(given bigint, ids bigint[], fences bigint[], states integer[], ins bigint[], tried boolean[],
    ats bigint[], tooks bigint[], statuses integer[], failures_ integer[], responses bytea[], reasons bytea[])
    RETURNS TABLE (n bigint, word integer, failures bigint, failing_for bigint, cap bigint) LANGUAGE plpgsql
  SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_mergejoin = off
  SET enable_hashjoin = off AS $$
#variable_conflict use_column
DECLARE
  at bigint;
  endpoints bigint[];
  lanes bigint[];
  simple boolean;
  answers integer[];
  nth integer[];
  heard bigint[];
  counted integer[];
  calm boolean;
  e bigint;
  l @lane;
  w record;
  freed boolean;
  due_at bigint;
  ends bigint;
BEGIN
  endpoints := ARRAY(SELECT d.endpoint FROM unnest(ids) WITH ORDINALITY AS u (id, n)
                       LEFT JOIN @delivery d ON d.id = u.id ORDER BY u.n);
  lanes := ARRAY(SELECT DISTINCT e FROM unnest(endpoints) AS u (e) WHERE e IS NOT NULL ORDER BY 1);
  simple := @hold(lanes, cardinality(ids) > 1 AND cardinality(ids) <> (SELECT count(DISTINCT id) FROM unnest(ids) AS
      u (id)));
  at := @clock(given);
  IF simple THEN
    WITH told AS (
      UPDATE @delivery d SET word = u.state, state = u.state,
          attempts = d.attempts + CASE WHEN u.tried THEN 1 ELSE 0 END,
          seat = CASE WHEN u.state > 2 THEN NULL WHEN u.state = 2 THEN 3 WHEN u.state = 1 THEN 2 WHEN d.resent THEN 1
                      ELSE 0 END,
          due = CASE WHEN u.state < 2 THEN @later(at, u.wait) WHEN u.state = 2 THEN at ELSE d.due END,
          ended = CASE WHEN u.state > 2 THEN at END, resent = d.resent AND u.state <= 2
        FROM unnest(ids, fences, states, ins, tried) WITH ORDINALITY AS u (id, fence, state, wait, tried, n)
        WHERE d.id = u.id AND d.fence = u.fence AND d.state = 1 RETURNING u.n, d.attempts)
      SELECT array_agg(t.n ORDER BY t.n), array_agg(t.attempts ORDER BY t.n) INTO heard, nth FROM told t;
    IF cardinality(heard) = cardinality(ids) THEN
      answers := array_fill(0, ARRAY[cardinality(ids)]);
    ELSE
      counted := nth;
      answers := array_fill(2, ARRAY[cardinality(ids)]);
      nth := answers;
      FOR i IN 1 .. coalesce(cardinality(heard), 0) LOOP
        answers[heard[i]] := 0;
        nth[heard[i]] := counted[i];
      END LOOP;
    END IF;
    IF 2 = ANY (answers) THEN
      SELECT array_agg(CASE WHEN u.answer = 0 THEN 0
                            WHEN d.fence = u.fence AND d.state <> 1 AND d.word = u.state AND u.state <> 1 THEN 1 ELSE
                                2 END
                       ORDER BY u.n) INTO answers
        FROM unnest(ids, fences, states, answers) WITH ORDINALITY AS u (id, fence, state, answer, n)
        LEFT JOIN @delivery d ON d.id = u.id;
    END IF;
  ELSE
    FOR w IN SELECT u.* FROM unnest(ids, fences, states, ins, tried) WITH ORDINALITY AS u (id, fence, state, wait,
        tried, n)
        ORDER BY u.n LOOP
      answers[w.n] := @hear(at, w.id, w.fence, w.state, w.wait, w.tried);
      nth[w.n] := (SELECT d.attempts FROM @delivery d WHERE d.id = w.id);
    END LOOP;
  END IF;
  INSERT INTO @attempt (delivery, fence, n, at, took, status, failure, response, reason)
    SELECT u.id, u.fence, u.nth, u.moment, u.took, u.status, u.failure, u.response, u.reason
      FROM unnest(ids, fences, answers, nth, tried, ats, tooks, statuses, failures_, responses, reasons)
           AS u (id, fence, answer, nth, tried, moment, took, status, failure, response, reason)
      WHERE u.tried AND u.answer = 0;
  calm := NOT EXISTS (SELECT 1 FROM @lane l WHERE l.endpoint = ANY (lanes) AND l.failures <> 0)
    AND NOT EXISTS (SELECT 1 FROM unnest(states, tried, answers) AS u (state, tried, answer)
                    WHERE u.answer = 0 AND u.tried AND u.state NOT IN (1, 3));
  FOREACH e IN ARRAY lanes LOOP
    SELECT * INTO l FROM @lane WHERE endpoint = e;
    IF simple AND calm AND NOT EXISTS (SELECT 1 FROM unnest(states) AS u (state) WHERE u.state < 2) THEN
      IF l."full" THEN PERFORM @wake(e, at, NULL, NULL, true); END IF;
      CONTINUE;
    END IF;
    freed := false;
    due_at := NULL;
    ends := NULL;
    FOR w IN SELECT u.* FROM unnest(endpoints, states, ins, tried, answers) WITH ORDINALITY
        AS u (endpoint, state, wait, tried, answer, n) WHERE u.endpoint = e ORDER BY u.n LOOP
      IF w.answer = 0 THEN
        freed := freed OR w.state <> 1;
        IF w.state = 0 THEN due_at := least(due_at, @later(at, w.wait)); END IF;
        IF w.state = 1 THEN ends := least(ends, @later(at, w.wait)); END IF;
        IF w.state = 3 THEN
          UPDATE @lane SET failures = 0 WHERE endpoint = e AND failures <> 0;
        ELSIF w.tried AND w.state <> 1 THEN
          UPDATE @lane SET failing = CASE WHEN failures = 0 THEN at ELSE failing END, failures = failures + 1
            WHERE endpoint = e;
        END IF;
      END IF;
      IF NOT calm THEN
        RETURN QUERY SELECT w.n, w.answer, x.failures, CASE WHEN x.failures = 0 THEN 0 ELSE at - x.failing END, x.cap
          FROM @lane x WHERE x.endpoint = e;
      END IF;
    END LOOP;
    IF simple THEN
      PERFORM @wake(e, at, due_at, ends, freed);
    ELSE
      PERFORM @place(e, at);
    END IF;
  END LOOP;
  IF calm THEN
    RETURN QUERY SELECT u.n, u.answer, 0::bigint, 0::bigint, x.cap
      FROM unnest(endpoints, answers) WITH ORDINALITY AS u (endpoint, answer, n)
      JOIN @lane x ON x.endpoint = u.endpoint;
  END IF;
END $$;
)sql";

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
