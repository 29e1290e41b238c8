-- Members of the days in braces, among baskets(household, store, basket, moment, minor): each group's figures.
WITH came AS (SELECT DISTINCT household, store, CAST(moment AS DATE) AS day FROM baskets),
here AS (SELECT household, count(*) AS visits FROM came WHERE day >= DATE '{first}' AND day < DATE '{end}' GROUP BY household),
last AS (SELECT household, max(day) AS day FROM came WHERE day < DATE '{first}' GROUP BY household),
paid AS (
SELECT household, count(*) AS sales, sum(minor) AS minor FROM baskets
WHERE moment >= DATE '{first}' AND moment < DATE '{end}' GROUP BY household)
SELECT CASE WHEN last.day IS NULL THEN 'new' WHEN last.day < DATE '{first}' - 180 THEN 'dormant' ELSE 'existing' END AS named,
  count(*), sum(visits), sum(visits), sum(sales), sum(minor)
FROM here JOIN paid USING (household) LEFT JOIN last USING (household) GROUP BY named;
-- How many were last there more than 180 days before the first day.
SELECT count(*) FROM (SELECT household FROM baskets WHERE moment < DATE '{first}' GROUP BY household
  HAVING CAST(max(moment) AS DATE) < DATE '{first}' - 180);
-- Members by the month in which they first came and each in which they came.
SELECT CAST(began AS DATE), CAST(month AS DATE), count(DISTINCT household) FROM (
  SELECT household, date_trunc('month', moment) AS month, date_trunc('month', min(moment) OVER (PARTITION BY household)) AS began
  FROM baskets) GROUP BY ALL;
-- Customers by scores of recency and frequency, with the sum of their scores of value. A bucket keeps five binary digits.
WITH customer AS (
SELECT household, epoch_ms(max(moment)) // 86400000 AS day, count(*) AS bought, sum(minor) AS paid FROM baskets GROUP BY household),
digits AS (SELECT *, greatest(length(bin(bought)) - 5, 0) AS b, greatest(length(bin(greatest(paid, 1))) - 5, 0) AS p FROM customer),
bucketed AS (
SELECT day AS r, b * 16 + (bought >> b) AS f, CASE WHEN paid <= 0 THEN 0 ELSE p * 16 + (CAST(paid AS BIGINT) >> p) END AS m FROM digits),
scored AS (
SELECT 1 + 5 * (rank() OVER (ORDER BY r) - 1) // count(*) OVER () AS r, 1 + 5 * (rank() OVER (ORDER BY f) - 1) // count(*) OVER () AS f,
  1 + 5 * (rank() OVER (ORDER BY m) - 1) // count(*) OVER () AS m FROM bucketed)
SELECT r, f, count(*), sum(m) FROM scored GROUP BY r, f
