import { Batch } from '@logwisp/core'
import { pipeline } from 'node:stream/promises'
import { include, exclude, byLevel, rateLimit } from '@logwisp/filters'
import { EntryReadable, EntryWritable, isBatch } from '@logwisp/core'
let seed=1; const rnd=()=>{seed=(seed*1103515245+12345)&0x7fffffff;return seed/0x7fffffff}; const R=(n:number)=>Math.floor(rnd()*n)
const levels=['INFO','INFO','INFO','INFO','DEBUG','DEBUG','INFO','INFO','WARN','ERROR']
const na=process.argv[2]==='na', cr=process.argv[2]==='cr'
const line=(i:number)=>`2026-11-21T10:00:${String(i%60).padStart(2,'0')}.123Z ${levels[R(10)]} [worker-${R(16)}] request ${na?'é😀':''} ${i} GET /api/v1/items/${R(100000)} took ${R(500)} ms status=${200+R(5)*100}${cr?'\r':''}\n`
const blocks:Buffer[]=[];let i=0
while(blocks.length<400){let s='';while(s.length<65000)s+=line(i++);blocks.push(Buffer.from(s))}
const rounds=3
const total=rounds*blocks.reduce((a,b)=>a+b.length,0)
class Src extends EntryReadable{ #n=0; pull(){ for(;;){ if(this.#n>=blocks.length*rounds) return this.finish(); const b=Batch.of({bytes:blocks[this.#n++%blocks.length]!,source:'x',time:1}); this.took(b.count); if(!this.give(b))return } } }
class Snk extends EntryWritable{ n=0; consume(items:any){ for(const x of items) if(isBatch(x)) x.forEachRun((s,e)=>{this.n+=e-s}); else this.n+=x.message.length+1 } }
async function best(name:string,f:()=>Promise<number>){let b=Infinity,n=0;for(let k=0;k<4;k++){const t=performance.now();n=await f();b=Math.min(b,performance.now()-t)};const v=total/1e3/b;console.log(name.padEnd(44),v.toFixed(0).padStart(6),'MB/s',n);return v}
const bare=(re:RegExp)=>async()=>{const g=new RegExp(re.source,re.flags+'g');let n=0;for(let k=0;k<rounds;k++)for(const b of blocks){const t=b.latin1Slice(0,b.length);let m;g.lastIndex=0;while((m=g.exec(t))!==null){const s=t.lastIndexOf('\n',m.index)+1;const e=t.indexOf('\n',m.index);n+=e+1-s;g.lastIndex=e+1}}return n}
const piped=(...f:any[])=>async()=>{const s=new Snk();await (pipeline as any)(new Src(),...f.map(x=>x()),s);return s.n}

async function duel(name:string,...fs:[string,()=>Promise<number>][]){const best=fs.map(()=>Infinity),ns=fs.map(()=>0);for(let k=0;k<9;k++)for(let j=0;j<fs.length;j++){const u=process.cpuUsage();ns[j]=await fs[j]![1]();const d=process.cpuUsage(u);best[j]=Math.min(best[j]!,(d.user+d.system)/1e3)}
 console.log(name.padEnd(28),fs.map(([n],j)=>`${n} ${(total/1e3/best[j]!).toFixed(0)} MB/s (${(best[0]!/best[j]!).toFixed(2)})`).join('  '),new Set(ns).size)}
for(const re of [/ERROR|WARN/,/ERROR/,/zzzz/,/took \d/,/worker-1\].*ms/,/took\s[^"]*\d$/,/^2026-11-21T10:00:0/,/status=500$/])
 await duel(String(re),['bare',bare(re)],['include',piped(()=>include(re))],['exclude',piped(()=>exclude(re))])
const re=/ERROR|WARN/
await duel('others',['bare',bare(re)],['none',piped()],['2 or',piped(()=>include([/ERROR/,/WARN/]))],['2 and',piped(()=>include([/ERROR/,/status=500/],{logic:'and'}))])
await duel('stages',['bare',bare(re)],...[1,2,4,8].map(n=>[`${n} incl`,piped(...Array(n).fill(()=>include(re)))] as any),...[2,4,8].map(n=>[`${n} excl z`,piped(...Array(n).fill(()=>exclude(/zzzz/)))] as any))
await duel('slow',['bare',bare(re)],['predicate',piped(()=>include((e:any)=>e.message.includes('ERROR')))],['slm',piped(()=>include(/ERROR/,{text:'source-level-message'}))],['byLevel',piped(()=>byLevel('warn'))],['rateLimit',piped(()=>rateLimit({ratePerSecond:1e12}))])
