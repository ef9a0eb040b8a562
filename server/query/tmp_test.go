package query
import ("testing";"time")
func TestTmpMem(t *testing.T){
	for _, q := range []string{
		"SELECT 1",
		"SELECT count(DISTINCT hash(range) || 'abcdefghijklmnopqrstuvwxyz') FROM range(1000000000)",
		"SELECT len(list(range)) FROM range(1000000000)",
		"SELECT length(lpad('a', 2000000000, 'b'))",
		"SELECT length(repeat('a', 2000000000))",
		"SELECT len(list_transform(range(300000000), lambda x: x || 'abc'))",
		"SELECT len(range(80000000))",
		"SELECT length(string_agg(repeat('a', 1000000), '')) FROM range(4000)",
		"SELECT count(DISTINCT hash(range)) FROM range(8000000)",
		"SELECT count(DISTINCT hash(range)) FROM range(15000000)",
		"SELECT count(DISTINCT hash(range)) FROM range(25000000)",
		"SELECT a.i FROM range(100000000) a(i) ORDER BY hash(a.i) LIMIT 1 OFFSET 50000000",
	} {
	s := newSite(t, func(o *PoolOptions){ o.Limits.MemoryMB=1024; o.Limits.TempMB=2048; o.Workers=1; o.Threads=2 })
	peak:=watchWorkers(t)
		r:=s.request(q); r.Deadline=15*time.Second
		b:=time.Now()
		_,err:=s.ask(t.Context(), r)
		t.Logf("%.60s: %v, peak %d MiB, %v", q, err, peak()>>20, time.Since(b))
		s.pool.Close()
	}
}
