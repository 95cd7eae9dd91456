// SPDX-License-Identifier: MIT
// The rarer words on a PostgreSQL server: changes of endpoints and lanes, late routes, second thoughts, forgetting.
// All of them are alone with the lanes that they touch. SQL only; '@' stands for the schema.
#ifndef WEBHOOK_DETAIL_POSTGRES_CHANGES_HPP
#define WEBHOOK_DETAIL_POSTGRES_CHANGES_HPP

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr const char* postgres_endpoints = R"sql(
CREATE FUNCTION @tune(given bigint, e bigint, new_cap bigint, rest bigint) RETURNS void LANGUAGE plpgsql
  SET jit = off SET enable_seqscan = off AS $$
DECLARE
  at bigint;
BEGIN
  PERFORM @hold(ARRAY[e], true);
  at := @clock(given);
  UPDATE @lane SET cap = new_cap, rests = @later(at, rest) WHERE endpoint = e;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the store has no endpoint of this id; put it before it is tuned' USING ERRCODE = 'WH001';
  END IF;
  PERFORM @place(e, at);
END $$;

-- What the keys of a lane mean is changed; everything that is pending finds its place.
CREATE FUNCTION @arrange(e bigint, at bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  known @delivery;
BEGIN
  DELETE FROM @newest WHERE endpoint = e;
  UPDATE @delivery d SET
      grp = CASE WHEN l.ordering = 2 THEN '' WHEN l.ordering = 1 THEN nullif(v.key, '') END,
      skey = CASE WHEN l.supersede THEN nullif(v.key, '') END,
      early = d.seat IN (2, 3) AND (l.ordering = 2 OR (l.ordering = 1 AND v.key <> '')),
      seat = CASE WHEN d.seat IN (2, 3) THEN d.seat
                  WHEN l.ordering = 2 OR (l.ordering = 1 AND v.key <> '') THEN 4 WHEN d.resent THEN 1 ELSE 0 END
    FROM @lane l, @event v WHERE d.endpoint = e AND d.seat IS NOT NULL AND l.endpoint = e AND v.number = d.id >> 20;
  PERFORM @promote(e, g.grp) FROM (SELECT DISTINCT grp FROM @delivery WHERE endpoint = e AND seat IS NOT NULL AND grp
      IS NOT NULL) g;
  FOR known IN SELECT * FROM @delivery WHERE endpoint = e AND skey IS NOT NULL ORDER BY id LOOP
    PERFORM @supersede(o.endpoint, o.skey, o.id, at) FROM @delivery o WHERE o.id = known.id AND o.seat IS NOT NULL;
  END LOOP;
END $$;

-- Cancels everything of a lane that is not in flight. What is in flight stays, and counts until its lease ends.
CREATE FUNCTION @cancel_waiting(e bigint, at bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  d @delivery;
BEGIN
  UPDATE @delivery SET seat = 2 WHERE endpoint = e AND seat IN (0, 1, 4) AND state = 1;
  FOR d IN SELECT * FROM @delivery WHERE endpoint = e AND seat IS NOT NULL AND seat <> 2 ORDER BY id LOOP
    SELECT * INTO d FROM @delivery WHERE id = d.id;
    PERFORM @finish(d, 5, at);
  END LOOP;
END $$;

CREATE FUNCTION @put(given bigint, e bigint, old bigint, new_state integer, url text, tenant bytea, filter bytea,
    format text, scheme text, description bytea, new_cap bigint, new_spacing bigint, timeout bigint, http2 boolean,
    new_ordering integer, when_exhausted integer, new_supersede boolean, events bytea, channels bytea, headers bytea,
    secrets bytea, retry bytea, access bytea)
    RETURNS bigint LANGUAGE plpgsql SET jit = off SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
  at bigint;
  l @lane;
  fresh boolean;
  opens boolean;
  given_version bigint;
BEGIN
  PERFORM 1 FROM @store FOR UPDATE;
  PERFORM @hold(ARRAY[e], true);
  at := @clock(given);
  SELECT * INTO l FROM @lane AS x WHERE x.endpoint = e;
  fresh := NOT FOUND;
  IF coalesce(l.version, 0) <> old THEN
    RAISE EXCEPTION 'the endpoint was changed in between: read it again, change that and put it' USING ERRCODE =
        'WH002';
  END IF;
  UPDATE @store SET registry = registry + 1 RETURNING registry INTO given_version;
  DELETE FROM @endpoint AS x WHERE x.id = e;
  INSERT INTO @endpoint VALUES (e, given_version, new_state, url, tenant, filter, format, scheme, description, new_cap,
    new_spacing, timeout, http2, new_ordering, when_exhausted, new_supersede, events, channels, headers, secrets, retry,
    access);
  opens := new_state = 0 AND (fresh OR l.state <> 0);
  IF fresh THEN
    INSERT INTO @lane (endpoint, version, state, ordering, supersede, own_cap, spacing, cap)
      VALUES (e, given_version, new_state, new_ordering, new_supersede, new_cap, new_spacing, new_cap);
  ELSE
    UPDATE @lane AS x SET version = given_version, state = new_state, ordering = new_ordering, supersede =
        new_supersede,
        own_cap = new_cap, spacing = new_spacing, cap = CASE WHEN opens OR x.own_cap <> new_cap THEN new_cap ELSE
            x.cap END,
        spaced = CASE WHEN x.spacing <> new_spacing THEN 0 ELSE x.spaced END,
        rests = CASE WHEN opens THEN 0 ELSE x.rests END, failures = CASE WHEN opens THEN 0 ELSE x.failures END
      WHERE x.endpoint = e;
    IF l.ordering <> new_ordering OR l.supersede <> new_supersede THEN PERFORM @arrange(e, at); END IF;
    IF new_state >= 3 THEN PERFORM @cancel_waiting(e, at); END IF;
  END IF;
  PERFORM @place(e, at);
  RETURN given_version;
END $$;
)sql";

inline constexpr const char* postgres_routes = R"sql(
-- One delivery for each pair that has none yet. `again`: of events that were routed before, as resent; else of those
-- that were not, which then are. `room`: more than that is refused. Returns how many, or -1 if the registry has moved
-- on.
CREATE FUNCTION @route(given bigint, wall bigint, events bigint[], pair_event bigint[], pair_lane bigint[],
    expected bigint, again boolean, room bigint) RETURNS bigint LANGUAGE plpgsql
  SET jit = off SET enable_seqscan = off SET enable_mergejoin = off SET enable_hashjoin = off AS $$
DECLARE
  at bigint;
  today bigint;
  simple boolean;
  v record;
  r record;
  id bigint;
  count bigint := 0;
BEGIN
  simple := @hold(pair_lane, false);
  at := @clock(given);
  today := coalesce(wall, at / 1000);
  IF NOT again AND (SELECT registry FROM @store) <> expected THEN RETURN -1; END IF;
  FOR v IN SELECT number, unrouted, key, created, delay, octet_length(payload) AS size FROM @event
             WHERE number = ANY (events) ORDER BY number FOR UPDATE LOOP
    CONTINUE WHEN v.unrouted = again;
    id := (SELECT max(d.id) + 1 FROM @delivery d WHERE d.id >= v.number << 20 AND d.id < (v.number + 1) << 20);
    CONTINUE WHEN again AND id IS NULL;
    id := coalesce(id, v.number << 20);
    FOR r IN SELECT u.lane, l.supersede, l.state FROM unnest(pair_event, pair_lane) WITH ORDINALITY AS u (event,
        lane, n)
        JOIN @lane l ON l.endpoint = u.lane WHERE u.event = v.number ORDER BY u.n LOOP
      CONTINUE WHEN EXISTS (SELECT 1 FROM @delivery d WHERE d.id >= v.number << 20 AND d.id < (v.number + 1) << 20
                              AND d.endpoint = r.lane);
      CONTINUE WHEN again AND (r.state >= 3
        OR (r.supersede AND @is_overtaken(r.lane, nullif(v.key, ''), id)));
      PERFORM @add(at, ARRAY[id], ARRAY[r.lane], ARRAY[CASE WHEN again THEN at ELSE
        @later(at, v.delay - greatest(today - v.created, 0) * 1000) END], ARRAY[v.key], ARRAY[v.size], again,
        simple);
      id := id + 1;
      count := count + 1;
    END LOOP;
    IF NOT again THEN
      IF id = v.number << 20 THEN
        DELETE FROM @event WHERE number = v.number;
      ELSE
        UPDATE @event SET unrouted = false WHERE number = v.number;
      END IF;
    END IF;
  END LOOP;
  IF count > room THEN
    RAISE EXCEPTION 'there is room for % more pending deliveries, and not for %', room, count USING ERRCODE = 'WH003';
  END IF;
  RETURN count;
END $$;

-- Up to `most` of these deliveries become due (what is over or parked) or cancelled (what is not over).
CREATE FUNCTION @amend(given bigint, ids bigint[], only_state integer, to_state integer, most bigint) RETURNS bigint
    LANGUAGE plpgsql SET jit = off SET enable_seqscan = off SET enable_mergejoin = off SET enable_hashjoin = off AS $$
DECLARE
  at bigint;
  lanes bigint[];
  one bigint;
  d @delivery;
  l @lane;
  k bytea;
  count bigint := 0;
BEGIN
  lanes := ARRAY(SELECT DISTINCT o.endpoint FROM unnest(ids) AS u (id) JOIN @delivery o ON o.id = u.id ORDER BY 1);
  PERFORM @hold(lanes, true);
  at := @clock(given);
  FOREACH one IN ARRAY ids LOOP
    EXIT WHEN count >= most;
    SELECT * INTO d FROM @delivery WHERE id = one FOR UPDATE;
    CONTINUE WHEN NOT FOUND OR d.state <> coalesce(only_state, d.state);
    SELECT * INTO l FROM @lane WHERE endpoint = d.endpoint;
    IF to_state = 5 THEN
      CONTINUE WHEN d.seat IS NULL;
      PERFORM @finish(d, 5, at);
    ELSE
      CONTINUE WHEN d.state < 2;
      IF d.state > 2 THEN
        CONTINUE WHEN l.state >= 3;
        k := (SELECT nullif(key, '') FROM @event WHERE number = d.id >> 20);
        CONTINUE WHEN l.supersede AND @is_overtaken(d.endpoint, k, d.id);
        d.grp := CASE WHEN l.ordering = 2 THEN '' WHEN l.ordering = 1 THEN k END;
        d.skey := CASE WHEN l.supersede THEN k END;
      END IF;
      INSERT INTO @attempt (delivery, fence, n, at, took, status, failure, response, reason)
        SELECT d.id, d.fence, d.attempts, d.last_at, d.last_took, d.last_status, d.last_failure, d.last_response,
               d.last_reason WHERE d.last_at IS NOT NULL;
      UPDATE @delivery SET state = 0, attempts = 0, lost = 0, resent = true, ended = NULL, grp = d.grp, skey = d.skey,
          last_at = NULL, last_took = NULL, last_status = NULL, last_failure = NULL, last_response = NULL,
          last_reason = NULL WHERE id = one;
      PERFORM @queue(d, at);
      IF d.state > 2 THEN PERFORM @supersede(d.endpoint, d.skey, d.id, at); END IF;
    END IF;
    count := count + 1;
  END LOOP;
  PERFORM @place(endpoint, at) FROM @lane WHERE endpoint = ANY (lanes) ORDER BY endpoint;
  RETURN count;
END $$;

-- Forgets what has been over for that long, the oldest first, and events whose last delivery went.
CREATE FUNCTION @prune(given bigint, age bigint, most bigint) RETURNS bigint LANGUAGE plpgsql
  SET jit = off SET enable_seqscan = off SET enable_mergejoin = off SET enable_hashjoin = off AS $$
DECLARE
  until bigint := @clock(given) - age;
  ids bigint[];
  numbers bigint[];
BEGIN
  ids := ARRAY(SELECT id FROM @delivery WHERE ended <= until ORDER BY ended, id LIMIT most
                 FOR UPDATE SKIP LOCKED);
  numbers := ARRAY(SELECT DISTINCT id >> 20 FROM unnest(ids) AS u (id) ORDER BY 1);
  PERFORM 1 FROM @event WHERE number = ANY (numbers) ORDER BY number FOR UPDATE;
  DELETE FROM @attempt WHERE delivery = ANY (ids);
  DELETE FROM @delivery WHERE id = ANY (ids);
  DELETE FROM @event e WHERE number = ANY (numbers) AND NOT EXISTS (
    SELECT 1 FROM @delivery d WHERE d.id >= e.number << 20 AND d.id < (e.number + 1) << 20);
  RETURN cardinality(ids);
END $$;

-- What is pending, each payload counted once. It reads deliveries alone, and sorts them by their events only where one
-- has several. Planned at each call, since what is best depends on how much is kept. Events are accepted in the order
-- of their numbers.
CREATE FUNCTION @load(OUT due bigint, OUT leased bigint, OUT parked bigint, OUT bytes bigint, OUT oldest bigint)
    LANGUAGE plpgsql STABLE SET jit = off SET work_mem = '32MB' AS $$
DECLARE
  others bigint;
BEGIN
  EXECUTE 'SELECT count(*) FILTER (WHERE seat IN (0, 1, 4)), count(*) FILTER (WHERE seat = 2),'
    ' count(*) FILTER (WHERE seat = 3), count(*) FILTER (WHERE id & 1048575 <> 0), coalesce(sum(size), 0),'
    ' (SELECT e.created FROM @event e WHERE e.number = min(d.id) >> 20) FROM @delivery d WHERE seat IS NOT NULL'
    INTO due, leased, parked, others, bytes, oldest;
  IF others > 0 THEN
    EXECUTE 'SELECT sum(e.size) FROM (SELECT max(size) AS size FROM @delivery WHERE seat IS NOT NULL'
      ' GROUP BY id >> 20) e' INTO bytes;
  END IF;
END $$;
)sql";

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
