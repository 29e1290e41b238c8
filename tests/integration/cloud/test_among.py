"""A list as one parameter: it finds what a list of parameters finds, whatever the texts hold."""

from sqlalchemy import delete, select

from cloud.among import among
from cloud.tables import stores
from tests.integration.cloud.support import TENANT, Cloud, NewCloud

ODD = ["a", "a,b", '"', "'", "\\", "{}", "é", "%s", "NULL", " "]


def test_each_text_is_found_and_no_other(cloud: Cloud):
    with cloud.database.write() as session:
        session.insert(stores, [{"tenant": TENANT, "store": name} for name in ODD])
    with cloud.database.read() as session:
        for asked in (*([name] for name in ODD), ODD, ODD[::2], [], ["b", "A"]):
            rows = session.rows(select(stores.c.store).where(stores.c.tenant == TENANT, among(stores.c.store, asked)))
            assert {row.store for row in rows} == set(asked) & set(ODD)
    with cloud.database.write() as session:
        assert session.execute(delete(stores).where(among(stores.c.store, ["a", "é", "z"]))) == 2


def test_the_index_finds_them_in_sqlite(new_cloud: NewCloud):
    asked = select(stores).where(stores.c.tenant == TENANT, among(stores.c.store, ODD))
    with new_cloud().database.read() as session:
        sql = str(asked.compile(session.connection, compile_kwargs={"literal_binds": True}))
        plan = session.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all()
    assert "(tenant=? AND store=?)" in plan[0][3], plan
