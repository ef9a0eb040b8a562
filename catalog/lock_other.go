//go:build !unix || solaris || aix

package catalog

// tryLock takes the lock of a dataset; here it waits for it.
func (c *Catalog) tryLock(id ID) (unlock func(), ok bool, err error) {
	unlock, err = c.lock(id)
	return unlock, err == nil, err
}
