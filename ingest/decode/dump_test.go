package decode
import ("testing";"path/filepath";"fmt";"io")
func TestDump(t *testing.T){
 fs,_:=filepath.Glob("../../../shared/realdata/*/*")
 for _,f:=range fs {
  s,err:=Open(f,filepath.Base(f),Options{})
  if err!=nil { fmt.Println("ERR",err); continue}
  i:=s.Info()
  fmt.Printf("%s %+v\n",filepath.Base(f),i)
  for _,tb:=range s.Tables(){
   n:=0; hist:=map[int]int{}
   var line int64
   for { r,err:=tb.Next(); if err==io.EOF {break}; if err!=nil{fmt.Println("  ERR",err);break}; n++; hist[len(r.Cells)]++; line=r.Line
    if n<=2 { fmt.Printf("  %d %.300q\n",r.Line,r.Cells) } }
   fmt.Println("  rows",n,"last line",line,"cols",hist)
  }
  s.Close()
 }
}
