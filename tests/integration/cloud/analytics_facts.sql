-- Facts from the raw events of `raw` and the decisions on links; times are Unix milliseconds.
CREATE TABLE raw (body JSON);
CREATE TABLE store (store VARCHAR, tz VARCHAR, weekly JSON);
CREATE TABLE decision (id VARCHAR, touch_id VARCHAR, decision VARCHAR, visit_id VARCHAR);
CREATE TABLE hypothesis (decision_id VARCHAR, visit_id VARCHAR, posterior DOUBLE);
CREATE MACRO text(j, p) AS json_extract_string(j, p);
CREATE MACRO num(j, p) AS CAST(json_extract_string(j, p) AS BIGINT);
CREATE MACRO overlap(a, b, c, d) AS greatest(least(b, d) - greatest(a, c), 0);
-- From here on the tables above are filled.
CREATE TABLE event AS
SELECT text(body, '$.id') AS id, split_part(text(body, '$.source'), '/', 3) AS store,
  split_part(text(body, '$.source'), '/', 4) AS device, text(body, '$.type') AS type,
  epoch_ms(CAST(text(body, '$.time') AS TIMESTAMPTZ)) AS t, json_extract(body, '$.data') AS d
FROM (SELECT DISTINCT body FROM raw);
CREATE TABLE wrong AS
SELECT DISTINCT unnest(CAST(json_extract(d, '$.corrects') AS VARCHAR[])) AS id FROM event WHERE type LIKE '%.correction.%';
CREATE TABLE good AS SELECT * FROM event WHERE id NOT IN (SELECT id FROM wrong);
CREATE TABLE crossing AS
SELECT store, t, text(d, '$.tripwire_kind') AS kind, text(d, '$.direction') AS direction FROM good WHERE type LIKE '%.crossing.%';
CREATE TABLE coverage AS
SELECT id, store, device, num(d, '$.interval_start_ms') AS a, num(d, '$.interval_end_ms') AS b,
  CAST(round_even(CAST(text(d, '$.observed_s') AS DOUBLE) * 1000, 0) AS BIGINT) AS observed
FROM good WHERE type LIKE '%.coverage.%';
CREATE TABLE visit AS
SELECT * FROM (
  SELECT store, text(d, '$.visit_id') AS id, text(d, '$.status') AS status, num(d, '$.opened_ms') AS opened,
    coalesce(num(d, '$.closed_ms'), num(d, '$.updated_ms')) AS ended, text(d, '$.party_id') AS party,
    coalesce(text(d, '$.role') = 'staff', coalesce(CAST(text(d, '$.staff_score') AS DOUBLE), 0) >= 0.5) AS staff,
    row_number() OVER (PARTITION BY text(d, '$.visit_id') ORDER BY num(d, '$.revision') DESC, id DESC) AS rank
  FROM good WHERE type LIKE '%.revised.%')
WHERE rank = 1 AND status IN ('open', 'closed');
CREATE TABLE customer AS
SELECT *, party IS NULL OR rank_in_party = 1 AS leads FROM (
  SELECT *, row_number() OVER (PARTITION BY store, party ORDER BY opened, id) AS rank_in_party FROM visit WHERE NOT staff);
CREATE TABLE touch AS
SELECT id, store, device, t, CASE WHEN type LIKE '%.scanned.%' THEN 'scan' ELSE coalesce(text(d, '$.kind'), 'sale') END AS kind,
  json_extract(d, '$.member') IS NOT NULL AND text(d, '$.member') IS NOT NULL AS is_member,
  text(d, '$.receipt_id') AS receipt, text(d, '$.reverses_receipt_id') AS reverses, text(d, '$.currency') AS currency,
  num(d, '$.total_minor') AS total, text(d, '$.member.pseudonym') AS pseudonym,
  coalesce(text(d, '$.in_store_proof'), 'terminal') AS proof,
  coalesce(list_sum(list_transform(CAST(json_extract(d, '$.lines[*].quantity') AS DOUBLE[]),
    lambda q: CAST(round_even(q * 1000, 0) AS BIGINT))), 0) AS units
FROM good WHERE type LIKE '%.scanned.%' OR type LIKE '%.sale.%';
CREATE TABLE voided AS
SELECT sold.id FROM touch sold JOIN touch v ON v.kind = 'void' AND v.store = sold.store AND v.reverses = sold.receipt;
CREATE TABLE sale AS SELECT * FROM touch WHERE kind = 'sale' AND id NOT IN (SELECT id FROM voided);
CREATE TABLE money AS
SELECT store, t, currency, total AS amount FROM sale
UNION ALL
SELECT store, t, currency, -abs(total) FROM touch WHERE kind = 'refund' AND id NOT IN (SELECT id FROM voided);
CREATE TABLE wait AS
SELECT store, num(d, '$.joined_ms') AS t, num(d, '$.left_ms') - num(d, '$.joined_ms') AS length, text(d, '$.outcome') AS outcome
FROM good WHERE type LIKE '%.wait.%';
CREATE TABLE link AS
SELECT h.visit_id AS id, t.kind, coalesce(CAST(round_even(h.posterior * 1000000, 0) AS BIGINT),
  CASE WHEN x.decision = 'linked' AND x.visit_id = h.visit_id THEN 1000000 ELSE 0 END) AS p
FROM hypothesis h JOIN decision x ON x.id = h.decision_id JOIN touch t ON t.id = x.touch_id
WHERE t.kind = 'scan' OR t.id IN (SELECT id FROM sale);
CREATE TABLE chance AS
SELECT c.id, c.store, c.opened AS t, coalesce(max(p), 0) AS p, coalesce(max(CASE WHEN kind = 'sale' THEN p END), 0) AS q
FROM customer c LEFT JOIN link ON link.id = c.id GROUP BY c.id, c.store, c.opened;
CREATE TABLE shown AS
SELECT DISTINCT t.pseudonym, t.store, CAST(timezone(s.tz, to_timestamp(t.t / 1000)) AS DATE) AS day, t.kind
FROM touch t JOIN store s USING (store)
WHERE t.pseudonym IS NOT NULL AND ((t.kind = 'scan' AND t.proof <> 'none') OR t.id IN (SELECT id FROM sale));
CREATE TABLE day AS
SELECT store, CAST(day AS DATE) AS day, epoch_ms(timezone(tz, day)) AS a, epoch_ms(timezone(tz, day + INTERVAL 1 DAY)) AS b,
  tz, weekly
FROM store, generate_series(TIMESTAMP '2026-03-01', TIMESTAMP '2026-04-12', INTERVAL 1 DAY) AS g(day);
CREATE TABLE hour AS
SELECT store, day, h AS a, least(h + 3600000, b) AS b FROM day, unnest(generate_series(day.a, day.b - 1, 3600000)) AS u(h)
WHERE day BETWEEN DATE '2026-03-26' AND DATE '2026-04-03';
CREATE TABLE opening AS
SELECT store, day, a, b FROM day WHERE weekly IS NULL
UNION ALL
SELECT store, day, epoch_ms(timezone(tz, day + CAST(text(pair, '$[0]') AS TIME))),
  epoch_ms(timezone(tz, day + CAST(text(pair, '$[1]') AS TIME)))
FROM (SELECT *, unnest(CAST(json_extract(weekly, '$.' || lower(dayname(day))) AS JSON[])) AS pair FROM day WHERE weekly IS NOT NULL);
CREATE TABLE open_hour AS
SELECT h.store, h.day, h.a AS hour_a, greatest(h.a, o.a) AS a, least(h.b, o.b) AS b
FROM hour h JOIN opening o USING (store, day) WHERE overlap(h.a, h.b, o.a, o.b) > 0;
CREATE TABLE observed AS
SELECT store, day, hour_a, sum(least(ms, b - a)) AS ms FROM (
  SELECT o.store, o.day, o.hour_a, o.a, o.b, c.device,
    sum(c.observed * overlap(o.a, o.b, c.a, c.b) // (c.b - c.a)) AS ms
  FROM open_hour o JOIN coverage c ON c.store = o.store AND overlap(o.a, o.b, c.a, c.b) > 0
  GROUP BY o.store, o.day, o.hour_a, o.a, o.b, c.device)
GROUP BY store, day, hour_a;
CREATE TABLE expected AS
SELECT d.store, d.day, count(DISTINCT c.device) AS devices
FROM day d JOIN day past ON past.store = d.store AND past.day = d.day - 6
JOIN coverage c ON c.store = d.store AND c.a < d.b AND c.b > past.a GROUP BY ALL;
CREATE TABLE known_day AS
SELECT store, day, a, b FROM day d WHERE (store, day) IN (SELECT (store, day) FROM expected)
OR EXISTS (SELECT 1 FROM crossing x WHERE x.store = d.store AND t >= d.a AND t < d.b AND kind <> 'internal'
  AND (kind = 'passby' OR direction IN ('in', 'out')))
OR EXISTS (SELECT 1 FROM visit x WHERE x.store = d.store AND opened >= d.a AND opened < d.b)
OR EXISTS (SELECT 1 FROM customer x WHERE x.store = d.store AND overlap(opened, ended, d.a, d.b) > 0)
OR EXISTS (SELECT 1 FROM wait x WHERE x.store = d.store AND t >= d.a AND t < d.b);
