-- New, existing and dormant members of the days in braces, with what they did in any shop.
WITH dated AS (
SELECT t.*, CAST(timezone(s.tz, to_timestamp(t.t / 1000)) AS DATE) AS day FROM touch t JOIN store s USING (store)),
came AS (SELECT pseudonym, store, day, bool_or(kind = 'sale') AS bought FROM shown GROUP BY ALL),
here AS (
SELECT pseudonym, count(*) AS visits, count(*) FILTER (bought) AS bought FROM came
WHERE day >= DATE '{first}' AND day < DATE '{end}' GROUP BY pseudonym),
last AS (SELECT pseudonym, max(day) AS day FROM came WHERE day < DATE '{first}' GROUP BY pseudonym),
paid AS (
SELECT pseudonym, count(*) FILTER (kind = 'sale') AS sales, sum(CASE kind WHEN 'refund' THEN -abs(total) ELSE total END) AS amount
FROM dated WHERE currency = 'EUR' AND day >= DATE '{first}' AND day < DATE '{end}'
AND (id IN (SELECT id FROM sale) OR kind = 'refund' AND id NOT IN (SELECT id FROM voided)) GROUP BY pseudonym)
SELECT CASE WHEN last.day IS NULL THEN 'new' WHEN last.day < DATE '{first}' - 180 THEN 'dormant' ELSE 'existing' END AS named,
  count(*), sum(visits), sum(bought), coalesce(sum(sales), 0), coalesce(sum(amount), 0)
FROM here LEFT JOIN last USING (pseudonym) LEFT JOIN paid USING (pseudonym) GROUP BY named
