-- What each cell holds: what stands in braces is filled in.
CREATE TABLE parts AS
WITH cell AS ({cells}),
counted AS (
SELECT c.grain, c.store, c.day, c.a,
  (SELECT count(*) FROM crossing x WHERE x.store = c.store AND t >= c.a AND t < c.b AND kind = 'entrance' AND direction = 'in') AS fin,
  (SELECT count(*) FROM crossing x WHERE x.store = c.store AND t >= c.a AND t < c.b AND kind = 'entrance' AND direction = 'out') AS fout,
  (SELECT count(*) FROM crossing x WHERE x.store = c.store AND t >= c.a AND t < c.b AND kind = 'passby') AS pass,
  (SELECT count(*) FROM customer x WHERE x.store = c.store AND opened >= c.a AND opened < c.b) AS heads,
  (SELECT count(*) FROM customer x WHERE x.store = c.store AND opened >= c.a AND opened < c.b AND leads) AS parties,
  (SELECT count(*) FROM visit x WHERE x.store = c.store AND opened >= c.a AND opened < c.b AND staff) AS staff,
  (SELECT coalesce(sum(ended - opened), 0) FROM customer x
   WHERE x.store = c.store AND opened >= c.a AND opened < c.b AND status = 'closed') AS dwell,
  (SELECT count(*) FROM customer x WHERE x.store = c.store AND opened >= c.a AND opened < c.b AND status = 'closed') AS dwellers,
  (SELECT coalesce(sum(overlap(opened, ended, c.a, c.b)), 0) FROM customer x WHERE x.store = c.store) AS presence,
  (SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM customer x JOIN customer y ON y.store = x.store
     AND y.opened <= greatest(x.opened, c.a) AND y.ended > greatest(x.opened, c.a) AND y.ended > y.opened
   WHERE x.store = c.store AND x.opened < c.b AND x.ended > c.a AND x.ended > x.opened GROUP BY x.id)) AS peak,
  (SELECT coalesce(sum(ms), 0) FROM observed x WHERE x.store = c.store AND hour_a >= c.a AND hour_a < c.b) AS observed,
  (SELECT coalesce(sum(overlap(x.a, x.b, c.a, c.b) * e.devices), 0) FROM opening x JOIN expected e USING (store, day)
   WHERE x.store = c.store) AS expected,
  (SELECT coalesce(sum(overlap(x.a, x.b, c.a, c.b)), 0) FROM opening x JOIN known_day e USING (store, day)
   WHERE x.store = c.store) AS open_known,
  (SELECT count(*) > 0 FROM coverage x WHERE x.store = c.store
   AND x.observed * overlap(x.a, x.b, c.a, c.b) >= x.b - x.a) AS seen,
  (SELECT count(*) FROM wait x WHERE x.store = c.store AND t >= c.a AND t < c.b AND outcome = 'served') AS served,
  (SELECT count(*) FROM wait x WHERE x.store = c.store AND t >= c.a AND t < c.b AND outcome = 'abandoned') AS abandoned,
  (SELECT count(*) FROM wait x WHERE x.store = c.store AND t >= c.a AND t < c.b) AS waits,
  (SELECT coalesce(sum(length), 0) FROM wait x WHERE x.store = c.store AND t >= c.a AND t < c.b AND outcome = 'served') AS waited,
  (SELECT count(*) FROM touch x WHERE x.store = c.store AND t >= c.a AND t < c.b AND kind = 'scan') AS scans,
  (SELECT count(*) FROM touch x JOIN day d ON d.store = x.store AND t >= d.a AND t < d.b
   WHERE x.store = c.store AND kind = 'scan' AND least(c.b, d.b) > greatest(c.a, d.a)) AS day_scans,
  (SELECT count(*) FROM touch x JOIN day d ON d.store = x.store AND t >= d.a AND t < d.b
   WHERE x.store = c.store AND kind <> 'scan' AND least(c.b, d.b) > greatest(c.a, d.a)) AS day_receipts,
  (SELECT count(*) FROM crossing x JOIN day d ON d.store = x.store AND t >= d.a AND t < d.b
   WHERE x.store = c.store AND kind = 'passby' AND least(c.b, d.b) > greatest(c.a, d.a)) AS day_pass,
  (SELECT count(*) FROM sale x WHERE x.store = c.store AND t >= c.a AND t < c.b) AS sales,
  (SELECT count(*) FROM sale x WHERE x.store = c.store AND t >= c.a AND t < c.b AND is_member) AS member_sales,
  (SELECT coalesce(sum(units), 0) FROM sale x WHERE x.store = c.store AND t >= c.a AND t < c.b) AS units,
  (SELECT coalesce(sum(amount), 0) FROM money x WHERE x.store = c.store AND t >= c.a AND t < c.b AND currency = 'EUR') AS euro,
  (SELECT count(*) FROM sale x WHERE x.store = c.store AND t >= c.a AND t < c.b AND currency = 'EUR') AS euro_sales,
  (SELECT coalesce(sum(p), 0) FROM chance x WHERE x.store = c.store AND t >= c.a AND t < c.b) AS linked,
  (SELECT coalesce(sum(q), 0) FROM chance x WHERE x.store = c.store AND t >= c.a AND t < c.b) AS buyers,
  (SELECT coalesce(sum(p * (1000000 - p) // 1000000), 0) FROM chance x WHERE x.store = c.store AND t >= c.a AND t < c.b) AS spread
FROM cell c),
known AS (
SELECT *, seen OR fin + fout + pass + heads + staff + presence + waits > 0 AS cameras, day_receipts > 0 AS tills,
  day_scans > 0 AS scanners FROM counted)
SELECT * FROM known
