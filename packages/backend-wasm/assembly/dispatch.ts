// From the number of a kernel to the function that does one chunk of it.
import { adamwChunk } from './adamw';
import { adamw8bitChunk } from './adamw-8bit';
import { attentionChunk } from './attention';
import { attentionGradChunk, sumGroupsChunk } from './attention-grad';
import { crossEntropyChunk, crossEntropyGradChunk } from './cross-entropy';
import { geluChunk, geluGradChunk } from './gelu';
import { gemmBatchChunk, gemmPackChunk, gemmTilesChunk } from './gemm';
import { gemvColumnsChunk, gemvRowsChunk } from './gemv';
import * as id from './kernel-ids';
import { layerNormChunk, layerNormGammaChunk, layerNormGradChunk } from './layer-norm';
import { packedPackChunk, packedRowsChunk } from './packed';
import { packedFewChunk } from './packed-few';
import { packedFewBytesChunk } from './packed-few-bytes';
import { packedFewGroupsChunk } from './packed-few-groups';
import { patchesChunk } from './patches';
import { rmsNormChunk, rmsNormGammaChunk, rmsNormGradChunk } from './rms-norm';
import { ropeChunk } from './rope';
import { gatherRowsChunk, scatterRowsChunk } from './rows';
import { sumRowsChunk } from './sum-rows';
import { swigluChunk, swigluGradChunk } from './swiglu';
import { unaryChunk } from './unary';

export function runChunk(kernel: i32, chunk: i32, thread: i32): void {
  switch (kernel) {
    case id.GEMM_PACK: return gemmPackChunk(chunk);
    case id.GEMM_TILES: return gemmTilesChunk(chunk, thread);
    case id.GEMM_BATCH: return gemmBatchChunk(chunk, thread);
    case id.GEMV_ROWS: return gemvRowsChunk(chunk);
    case id.GEMV_COLUMNS: return gemvColumnsChunk(chunk);
    case id.RMS_NORM: return rmsNormChunk(chunk);
    case id.RMS_NORM_GRAD: return rmsNormGradChunk(chunk);
    case id.RMS_NORM_GAMMA: return rmsNormGammaChunk(chunk);
    case id.ROPE: return ropeChunk(chunk);
    case id.SWIGLU: return swigluChunk(chunk);
    case id.SWIGLU_GRAD: return swigluGradChunk(chunk);
    case id.CROSS_ENTROPY: return crossEntropyChunk(chunk);
    case id.CROSS_ENTROPY_GRAD: return crossEntropyGradChunk(chunk);
    case id.ADAMW: return adamwChunk(chunk);
    case id.ADAMW_8BIT: return adamw8bitChunk(chunk, thread);
    case id.GATHER_ROWS: return gatherRowsChunk(chunk);
    case id.SCATTER_ROWS: return scatterRowsChunk(chunk);
    case id.ATTENTION: return attentionChunk(chunk, thread);
    case id.ATTENTION_GRAD: return attentionGradChunk(chunk, thread);
    case id.SUM_GROUPS: return sumGroupsChunk(chunk);
    case id.UNARY: return unaryChunk(chunk);
    case id.SUM_ROWS: return sumRowsChunk(chunk);
    case id.PATCHES: return patchesChunk(chunk);
    case id.LAYER_NORM: return layerNormChunk(chunk);
    case id.LAYER_NORM_GRAD: return layerNormGradChunk(chunk);
    case id.LAYER_NORM_GAMMA: return layerNormGammaChunk(chunk);
    case id.GELU: return geluChunk(chunk);
    case id.GELU_GRAD: return geluGradChunk(chunk);
    case id.PACKED_PACK: return packedPackChunk(chunk, thread);
    case id.PACKED_FEW: return packedFewChunk(chunk);
    case id.PACKED_FEW_GROUPS: return packedFewGroupsChunk(chunk);
    case id.PACKED_FEW_BYTES: return packedFewBytesChunk(chunk);
    case id.PACKED_ROWS: return packedRowsChunk(chunk);
    default: unreachable();
  }
}
