// Package parallel does independent pieces of work on all processors.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// each worker takes a share of what is left, so that one piece that takes long does not hold up the others
const shares = 32

// Do calls work for each i below n, and returns when all calls have. Calls run side by side: each must touch what
// belongs to i alone.
func Do(n int, work func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers < 2 {
		for i := range n {
			work(i)
		}
		return
	}
	share := int64(max(1, n/(workers*shares)))
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				end := next.Add(share)
				for i := end - share; i < min(end, int64(n)); i++ {
					work(int(i))
				}
				if end >= int64(n) {
					return
				}
			}
		})
	}
	all.Wait()
}
