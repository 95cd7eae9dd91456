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
// took longer than the work. Arrays are unnested beside each other where a statement selects: FROM would keep each of
// them in 16 kB or more, and the rows a second time to sort them; as it is they come in their order.
inline constexpr const char* postgres_append = R"sql(
-- route_*: one for each route; route_n is the place of its event in the other arrays, route_ord its place in the event.
-- Answers 0 inserted, 1 duplicate, 2 conflict. The registry is read before the commit and not locked: a put that
-- commits meanwhile is concurrent with this append, which may count as the earlier of the two.
CREATE FUNCTION @append(given bigint, wall bigint, ids text[], types text[], tenants bytea[], keys bytea[],
    channels bytea[], traces text[], times bigint[], expiries bigint[], delays bigint[], payloads bytea[],
    registries bigint[], named boolean[], routed boolean[], route_n integer[], route_ord integer[],
    route_lane bigint[], route_delay bigint[], route_key bytea[], route_size integer[])
    RETURNS integer[] LANGUAGE plpgsql
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
                    FROM (SELECT unnest(wanted) AS wants, unnest(registries) AS registry) AS u);
  numbers := ARRAY(SELECT nextval('@event_number_seq') FROM generate_series(1, cardinality(ids)));
  WITH fresh AS (
    INSERT INTO @event (number, unrouted, id, type, tenant, key, channel, traceparent, time, expires, created, delay,
                        payload)
      SELECT number, registry < newest, id, type, tenant, key, channel, trace, time, expiry, coalesce(wall, at / 1000),
             delay, payload
        FROM (SELECT unnest(numbers) AS number, unnest(ids) AS id, unnest(types) AS type, unnest(tenants) AS tenant,
                     unnest(keys) AS key, unnest(channels) AS channel, unnest(traces) AS trace, unnest(times) AS time,
                     unnest(expiries) AS expiry, unnest(delays) AS delay, unnest(payloads) AS payload,
                     unnest(registries) AS registry, unnest(wanted) AS wants) AS u
        WHERE wants
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
  PERFORM @add(at, r.ids, r.lanes, r.dues, r.keys, r.sizes, false, simple)
    FROM (SELECT array_agg((numbers[n] << 20) + ord) AS ids, array_agg(lane) AS lanes,
                 array_agg(@later(at, delay)) AS dues, array_agg(key) AS keys,
                 array_agg(size) AS sizes
            FROM (SELECT unnest(route_n) AS n, unnest(route_ord) AS ord, unnest(route_lane) AS lane,
                         unnest(route_delay) AS delay, unnest(route_key) AS key, unnest(route_size) AS size) AS u
           WHERE numbers[n] IS NOT NULL AND registries[n] >= newest) AS r
    WHERE r.ids IS NOT NULL;
  RETURN answers;
END $$;

-- append() of one event that has routes, the usual emit: all of its statements are planned for one row, which takes half
-- as long. Whatever is not usual (an order, an endpoint that is closed or missing, a newer registry, an id that is
-- there) is left to append(), before anything is written.
CREATE FUNCTION @emit(given bigint, wall bigint, id text, type text, tenant bytea, key bytea, channel bytea,
    trace text, moment bigint, expiry bigint, delay bigint, payload bytea, known bigint, named boolean, lanes bigint[])
    RETURNS integer LANGUAGE plpgsql
  SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  at bigint;
  held integer;
  latest bigint;
  routes integer[] := ARRAY[cardinality(lanes)];
BEGIN
  IF current_setting('transaction_isolation') = 'read committed' THEN
    SELECT count(*), max(l.next) INTO held, latest FROM (
      SELECT x.next FROM @lane x WHERE x.endpoint = ANY (lanes) AND x.ordering = 0 AND NOT x.supersede AND x.state < 3
          AND (cardinality(lanes) = 1 OR NOT EXISTS (  -- else two of these would share a lane that both want alone
            SELECT 1 FROM @lane WHERE endpoint = ANY (lanes) AND (ordering <> 0 OR supersede OR state >= 3)))
        ORDER BY x.endpoint FOR KEY SHARE) AS l;
    IF held = cardinality(lanes) THEN
      at := @clock(given);
      WITH fresh AS (
        INSERT INTO @event AS e (unrouted, id, type, tenant, key, channel, traceparent, time, expires, created, delay,
                                 payload)
          SELECT false, id, type, tenant, key, channel, trace, moment, expiry, coalesce(wall, at / 1000), delay, payload
            FROM @store s WHERE s.one = 1 AND s.registry <= known
          ON CONFLICT (id, tenant) DO NOTHING RETURNING e.number)
      INSERT INTO @delivery (id, endpoint, due, seat, state, resent, size)
        SELECT (f.number << 20) + u.n - 1, u.lane, @later(at, delay), 0, 0, false, octet_length(payload)
          FROM fresh f, unnest(lanes) WITH ORDINALITY AS u (lane, n);
      IF FOUND THEN
        IF latest > at THEN
          PERFORM @wake(x.endpoint, at, @later(at, delay), NULL, false) FROM @lane x
            WHERE x.endpoint = ANY (lanes) AND x.next > at ORDER BY x.endpoint;
        END IF;
        RETURN 0;
      END IF;
    END IF;
  END IF;
  RETURN (@append(given, wall, ARRAY[id], ARRAY[type], ARRAY[tenant], ARRAY[key], ARRAY[channel], ARRAY[trace],
    ARRAY[moment], ARRAY[expiry], ARRAY[delay], ARRAY[payload], ARRAY[known], ARRAY[named], ARRAY[true],
    array_fill(1, routes), ARRAY(SELECT n FROM generate_series(0, cardinality(lanes) - 1) AS n ORDER BY n), lanes,
    array_fill(delay, routes), array_fill(key, routes), array_fill(octet_length(payload), routes)))[1];
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

-- Each row is a delivery, but for the last, which says when to come again and the newest registry version.
-- Lanes are fetched, and locked, one by one: a FOR would take ten at once, and from other claims those that it does not
-- need.
-- Nobody else changes what waits in a lane that is held and has no lease, so it is taken without being locked first;
-- only a word that is repeated while it is still being heard makes a claim wait, for as long as that takes. For what
-- lost its lease a late word may come at any moment, so that is locked, or passed over. coalesce keeps a plan from
-- going by the queue where ids are known.
CREATE FUNCTION @claim(given bigint, lease bigint, most integer, per_lane integer)
    RETURNS TABLE (id bigint, fence bigint, lane bigint, version bigint, attempts integer, lost integer, number bigint,
                   event text, type text, tenant bytea, key bytea, channel bytea, traceparent text, "time" bigint,
                   expires bigint, payload bytea) LANGUAGE plpgsql
  SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_mergejoin = off
  SET enable_hashjoin = off AS $$
#variable_conflict use_column
DECLARE
  at bigint := @clock(given);
  ends bigint := @later(at, lease);
  room bigint := most;
  seen bigint[] := '{}';
  awake CURSOR FOR SELECT * FROM @lane WHERE next <= at AND NOT endpoint = ANY (seen)
    ORDER BY state >= 3 DESC, served, endpoint LIMIT least(greatest(room, 1), 64) FOR NO KEY UPDATE SKIP LOCKED;
  before integer;
  l @lane;
  first_end bigint;
  leased bigint;
  many integer;
  ids bigint[];
  was_leased boolean;
  took integer;
  left_over boolean;
  alone boolean;
  now record;
  moment bigint;
  is_full boolean;
  more boolean := false;
  soon boolean := false;
  next_at bigint;
BEGIN
  LOOP
    before := cardinality(seen);
    OPEN awake;
    LOOP
      FETCH awake INTO l;
      EXIT WHEN NOT FOUND;
      seen := seen || l.endpoint;
      SELECT min(p.due), count(*) INTO first_end, leased
        FROM (SELECT d.due FROM @delivery d WHERE d.endpoint = l.endpoint AND d.seat = 2 ORDER BY d.due, d.id
                LIMIT greatest(l.cap, 1)) AS p;
      IF first_end <= at THEN
        PERFORM @lapse(l, at);
        leased := (SELECT count(*) FROM (SELECT 1 FROM @delivery d WHERE d.endpoint = l.endpoint AND d.seat = 2
                                           AND d.due > at LIMIT l.cap) AS p);
      END IF;
      took := 0;
      left_over := false;
      many := least(room, per_lane, l.cap - leased);
      IF l.state = 0 AND l.rests <= at AND l.spaced <= at AND many > 0 THEN
        SELECT array_agg(p.id), bool_or(p.state = 1) INTO ids, was_leased FROM (
          (SELECT d.id, d.state FROM @delivery d WHERE d.endpoint = l.endpoint AND d.seat = 0 AND d.due <= at
             ORDER BY d.due, d.id LIMIT many + 1)
          UNION ALL
          (SELECT d.id, d.state FROM @delivery d WHERE d.endpoint = l.endpoint AND d.seat = 1 AND d.due <= at
             ORDER BY d.due, d.id LIMIT many + 1) LIMIT many + 1) AS p;
        left_over := cardinality(ids) > many AND leased + many < l.cap AND l.spacing <= 0;
        ids := ids[:many];
        IF was_leased THEN
          ids := ARRAY(SELECT d.id FROM unnest(ids) WITH ORDINALITY AS u (id, n) JOIN @delivery d ON d.id = u.id
                         WHERE coalesce(d.seat, 2) < 2 AND coalesce(d.due, 0) <= at
                         ORDER BY u.n FOR UPDATE OF d SKIP LOCKED);
        END IF;
        RETURN QUERY WITH told AS (
            UPDATE @delivery d SET seat = 2, due = ends, state = 1, word = 1, fence = nextval('@fence'),
                                   lost = d.lost + CASE d.state WHEN 1 THEN 1 ELSE 0 END
              FROM unnest(ids) AS u (id) WHERE d.id = u.id AND coalesce(d.seat, 2) < 2 AND coalesce(d.due, 0) <= at
              RETURNING d.id, d.fence, d.attempts, d.lost)
          SELECT t.id, t.fence, l.endpoint, l.version, t.attempts, t.lost, v.number, v.id, v.type, v.tenant, v.key,
              v.channel, v.traceparent, v.time, v.expires, v.payload
            FROM told t JOIN @event v ON v.number = t.id >> 20;
        GET DIAGNOSTICS took = ROW_COUNT;
        room := room - took;
        IF took > 0 AND l.spacing > 0 THEN
          l.spaced := CASE WHEN l.spacing > 9223372036854775807 / took THEN 9223372036854775807
                           ELSE @later(at, l.spacing * took) END;
        END IF;
      END IF;
      moment := 0;
      is_full := false;
      IF left_over THEN
        more := true;
      ELSE
        PERFORM 1 FROM @lane WHERE endpoint = l.endpoint FOR UPDATE SKIP LOCKED;
        alone := FOUND;
        now := @ready(l, at);
        IF now.moment <= at THEN
          more := true;
        ELSIF alone THEN
          moment := now.moment;
          is_full := now.is_full;
        ELSE
          soon := true;
        END IF;
      END IF;
      IF took > 0 THEN
        UPDATE @lane SET served = nextval('@turn'), spaced = l.spaced, next = moment, "full" = is_full
          WHERE endpoint = l.endpoint;
      ELSIF l.next <> moment OR l."full" <> is_full THEN
        UPDATE @lane SET next = moment, "full" = is_full WHERE endpoint = l.endpoint;
      END IF;
      EXIT WHEN room = 0 AND more;
    END LOOP;
    CLOSE awake;
    EXIT WHEN cardinality(seen) = before OR (room = 0 AND more);
  END LOOP;
  IF more THEN
    next_at := at;
  ELSE
    next_at := (SELECT min(next) FROM @lane WHERE next > at);
    IF soon OR EXISTS (SELECT 1 FROM @lane WHERE next <= at) THEN next_at := least(next_at, at + 5000000); END IF;
  END IF;
  RETURN QUERY SELECT NULL::bigint, NULL::bigint, NULL::bigint, s.registry, NULL::integer, NULL::integer,
      coalesce(next_at, 9223372036854775807) - at, NULL::text, NULL::text, NULL::bytea, NULL::bytea, NULL::bytea,
      NULL::text, NULL::bigint, NULL::bigint, NULL::bytea FROM @store s;
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

-- Each row is the answer to the words of these places; there is none for what does not exist.
CREATE FUNCTION @settle(given bigint, ids bigint[], fences bigint[], states integer[], ins bigint[], tried boolean[],
    ats bigint[], tooks bigint[], statuses integer[], failures_ integer[], responses bytea[], reasons bytea[])
    RETURNS TABLE (ns bigint[], word integer, failures bigint, failing_for bigint, cap bigint) LANGUAGE plpgsql
  SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_mergejoin = off
  SET enable_hashjoin = off AS $$
#variable_conflict use_column
DECLARE
  at bigint;
  endpoints bigint[];
  lanes bigint[];
  simple boolean;
  over boolean;
  delivered boolean;
  answers integer[];
  nth integer[];
  heard integer[];
  counted integer[];
  calm boolean;
  any_full boolean;
  e bigint;
  w record;
  freed boolean;
  due_at bigint;
  ends bigint;
BEGIN
  SELECT array_agg(d.endpoint), bool_and(u.state > 2), bool_and(u.state = 3) INTO endpoints, over, delivered
    FROM (SELECT unnest(ids) AS id, unnest(states) AS state) AS u LEFT JOIN @delivery d ON d.id = u.id;
  -- On its own: from PostgreSQL 16 on, what is wanted DISTINCT may sort the rows for all that is aggregated beside it.
  SELECT coalesce(array_agg(DISTINCT u.e) FILTER (WHERE u.e IS NOT NULL), '{}'), count(DISTINCT u.id) = count(*)
    INTO lanes, simple FROM unnest(endpoints, ids) AS u (e, id);
  simple := @hold(lanes, NOT simple);
  at := @clock(given);
  IF simple THEN
    WITH told AS (
      UPDATE @delivery d SET word = u.state, state = u.state,
          attempts = d.attempts + CASE WHEN u.tried THEN 1 ELSE 0 END,
          seat = CASE WHEN u.state > 2 THEN NULL WHEN u.state = 2 THEN 3 WHEN u.state = 1 THEN 2 WHEN d.resent THEN 1
                      ELSE 0 END,
          due = CASE WHEN u.state < 2 THEN @later(at, u.wait) WHEN u.state = 2 THEN at ELSE d.due END,
          ended = CASE WHEN u.state > 2 THEN at END, resent = d.resent AND u.state <= 2,
          last_at = CASE WHEN u.logged THEN u.moment END, last_took = CASE WHEN u.logged THEN u.took END,
          last_status = CASE WHEN u.logged THEN u.status END, last_failure = CASE WHEN u.logged THEN u.failure END,
          last_response = CASE WHEN u.logged THEN u.response END, last_reason = CASE WHEN u.logged THEN u.reason END
        FROM (SELECT *, tried AND state > 2 AS logged
                FROM (SELECT unnest(ids) AS id, unnest(fences) AS fence, unnest(states) AS state, unnest(ins) AS wait,
                             unnest(tried) AS tried, unnest(ats) AS moment, unnest(tooks) AS took,
                             unnest(statuses) AS status, unnest(failures_) AS failure, unnest(responses) AS response,
                             unnest(reasons) AS reason, generate_series(1, cardinality(ids)) AS n) AS w) AS u
        WHERE d.id = u.id AND d.fence = u.fence AND d.state = 1 RETURNING u.n, d.attempts)
      SELECT array_agg(t.n), array_agg(t.attempts) INTO heard, counted FROM told t;
    IF over AND cardinality(heard) = cardinality(ids) THEN
      answers := array_fill(0, ARRAY[cardinality(ids)]);
    ELSE
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
  IF NOT (simple AND over) THEN
    INSERT INTO @attempt (delivery, fence, n, at, took, status, failure, response, reason)
      SELECT u.id, u.fence, u.nth, u.moment, u.took, u.status, u.failure, u.response, u.reason
        FROM unnest(ids, fences, states, answers, nth, tried, ats, tooks, statuses, failures_, responses, reasons)
             AS u (id, fence, state, answer, nth, tried, moment, took, status, failure, response, reason)
        WHERE u.tried AND u.answer = 0 AND NOT (simple AND u.state > 2);
  END IF;
  SELECT coalesce(bool_and(x.failures = 0), true), bool_or(x."full") INTO calm, any_full
    FROM @lane x WHERE x.endpoint = ANY (lanes);
  calm := calm AND (delivered OR NOT EXISTS (
    SELECT 1 FROM unnest(states, tried, answers) AS u (state, tried, answer)
      WHERE u.answer = 0 AND u.tried AND u.state NOT IN (1, 3)));
  IF simple AND calm AND over THEN
    IF any_full THEN
      PERFORM @wake(x.endpoint, at, NULL, NULL, true) FROM @lane x WHERE x.endpoint = ANY (lanes) AND x."full"
        ORDER BY x.endpoint;
    END IF;
    lanes := '{}';
  END IF;
  FOREACH e IN ARRAY lanes LOOP
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
        RETURN QUERY SELECT ARRAY[w.n], w.answer, x.failures,
            CASE WHEN x.failures = 0 THEN 0 ELSE at - x.failing END, x.cap FROM @lane x WHERE x.endpoint = e;
      END IF;
    END LOOP;
    IF simple THEN
      PERFORM @wake(e, at, due_at, ends, freed);
    ELSE
      PERFORM @place(e, at);
    END IF;
  END LOOP;
  IF calm THEN
    RETURN QUERY SELECT g.ns, g.answer, 0::bigint, 0::bigint, x.cap
      FROM (SELECT u.endpoint, u.answer, array_agg(u.n) AS ns
              FROM unnest(endpoints, answers) WITH ORDINALITY AS u (endpoint, answer, n)
              GROUP BY u.endpoint, u.answer) AS g
      JOIN @lane x ON x.endpoint = g.endpoint;
  END IF;
END $$;
)sql";

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
